/** Incidents as they change, by server-sent events, over as many connections as it takes. */
import type { Incident, IncidentEvent } from './types'

const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 20_000

export interface StreamListener {
  /** The stream is open. What happened before is not in it. */
  opened: () => void
  changed: (incident: Incident) => void
  /** The stream broke and will be opened again by itself. */
  lost: () => void
}

/** Follow the stream at `address` until the returned function is called. */
export function followIncidents(address: string, listener: StreamListener): () => void {
  let source: EventSource
  let timer: number | undefined
  let wait = FIRST_WAIT_MS

  const open = (): void => {
    source = new EventSource(address)
    source.onopen = () => {
      wait = FIRST_WAIT_MS
      listener.opened()
    }
    source.addEventListener('incident', (message: MessageEvent<string>) => {
      listener.changed(incidentOf(JSON.parse(message.data) as IncidentEvent))
    })
    source.onerror = () => {
      listener.lost()
      // The browser gives up for good on an HTTP error; we do not.
      if (source.readyState !== EventSource.CLOSED) return
      timer = window.setTimeout(open, wait)
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    }
  }
  open()
  return () => {
    window.clearTimeout(timer)
    source.close()
  }
}

/** The incident as lists give it, out of an event of it. */
export function incidentOf({ time, exercise, data }: IncidentEvent): Incident {
  const { incident_id: id, evidence, ...known } = data
  return { ...known, id, exercise, evidence: evidence?.path ?? null, updated_at: time }
}
