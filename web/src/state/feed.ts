/** The events: those there were when the page opened, and each as it comes or changes. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'

import { addresses, api } from '../api/client'
import { followIncidents } from '../api/incident-stream'
import type { Incident } from '../api/types'
import { askWhetherLoggedIn, loginEnded, may } from './session'

/** Open matters are all to be seen; of what is over, the latest. */
const OPEN_SHOWN = 200
const CLOSED_SHOWN = 50

export type FeedStatus = 'loading' | 'ready' | 'failed' | 'forbidden'
export type Connection = 'connecting' | 'live' | 'lost'

/** The newer word on an incident stays: the list and the stream may cross. */
function newer(held: Incident | undefined, fresh: Incident): Incident {
  if (!held) return fresh
  if (Date.parse(held.updated_at) > Date.parse(fresh.updated_at)) return held
  // The event that closes an incident brings no picture; the one that opened it stays its evidence.
  return fresh.evidence ? fresh : { ...fresh, evidence: held.evidence, facts: held.facts }
}

const newestFirst = (a: Incident, b: Incident): number =>
  Date.parse(b.opened_at) - Date.parse(a.opened_at) || b.id - a.id

export function useFeed() {
  const known = shallowRef(new Map<number, Incident>())
  const status = ref<FeedStatus>('loading')
  const failure = shallowRef<unknown>(null)
  const connection = ref<Connection>('connecting')
  const updated = ref<number | null>(null)
  let unfollow: (() => void) | null = null

  function take(incidents: Incident[]): void {
    const next = new Map(known.value)
    for (const fresh of incidents) next.set(fresh.id, newer(next.get(fresh.id), fresh))
    known.value = next
    updated.value = Date.now()
  }

  async function load(): Promise<void> {
    try {
      const [open, closed] = await Promise.all([
        api.incidents('open', OPEN_SHOWN),
        api.incidents('closed', CLOSED_SHOWN),
      ])
      take([...open.items, ...closed.items])
      status.value = 'ready'
      failure.value = null
    } catch (error) {
      if (loginEnded(error) || status.value === 'ready') return
      status.value = 'failed'
      failure.value = error
    }
  }

  /** An incident that a link names may be older than the list reaches. */
  async function fetchOne(id: number): Promise<void> {
    try {
      take([await api.incident(id)])
    } catch (error) {
      // What the link names is gone, or not for these eyes: then there is nothing to open.
      loginEnded(error)
    }
  }

  function follow(): void {
    unfollow = followIncidents(addresses.stream, {
      opened: () => {
        connection.value = 'live'
        // After each opening, the first too: what happened while nobody listened is not in the stream.
        void load()
      },
      changed: (incident) => {
        take([incident])
      },
      lost: () => {
        connection.value = 'lost'
        // An ended login closes the stream as well; only asking tells which it was.
        void askWhetherLoggedIn()
      },
    })
  }

  const all = computed(() => [...known.value.values()].sort(newestFirst))
  if (may('read-events')) {
    void load()
    follow()
  } else {
    status.value = 'forbidden'
  }
  onScopeDispose(() => unfollow?.())

  return {
    status,
    failure,
    connection,
    updated,
    open: computed(() => all.value.filter((incident) => incident.state !== 'closed')),
    closed: computed(() => all.value.filter((incident) => incident.state === 'closed')),
    fetchOne,
    find: (id: number): Incident | null => known.value.get(id) ?? null,
    retry: (): void => {
      status.value = 'loading'
      void load()
    },
  }
}

export type Feed = ReturnType<typeof useFeed>
