/** What changed on the map, asked for while the page is looked at: a hidden page holds no connection. */
import { onScopeDispose } from 'vue'

import { api } from '../api/client'
import type { TileChanges, TileId } from '../api/types'
import { loginEnded } from './session'

/** Seconds that a question waits on the server for something to change. */
const WAIT_S = 10
/** Cities of many changes are drawn anew at this pace. */
const PACE_MS = 2_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 20_000
/** More or larger parts than these are most of what a screen shows: then everything in view is fetched. */
const MOST_PARTS = 100
const LARGEST_PART_ZOOM = 14

/** Call `refresh` with the tiles that changed, or with nothing when any may have, until the page is left. */
export function followMap(refresh: (changed?: TileId[]) => void): void {
  const left = new AbortController()
  onScopeDispose(() => {
    left.abort()
  })
  void follow(refresh, left.signal)
}

async function follow(refresh: (changed?: TileId[]) => void, left: AbortSignal): Promise<void> {
  let version: number | null = null
  let retry = FIRST_RETRY_MS
  while (!left.aborted) {
    await shown(left)
    try {
      if (version === null) {
        version = await api.tileVersion()
      } else {
        const changes = await api.tileChanges(version, WAIT_S)
        version = changes.version
        if (changes.all || changes.tiles.length > 0) {
          refresh(areFew(changes) ? changes.tiles : undefined)
          await pause(PACE_MS, left)
        }
      }
      if (retry > FIRST_RETRY_MS) refresh()
      retry = FIRST_RETRY_MS
    } catch (error) {
      if (loginEnded(error)) return
      await pause(retry, left)
      retry = Math.min(retry * 2, LONGEST_RETRY_MS)
    }
  }
}

function areFew({ all, tiles }: TileChanges): boolean {
  return !all && tiles.length <= MOST_PARTS && tiles.every(({ z }) => z >= LARGEST_PART_ZOOM)
}

/** Wait until the page is looked at, or left. */
function shown(left: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const look = (): void => {
      if (document.hidden && !left.aborted) return
      document.removeEventListener('visibilitychange', look)
      left.removeEventListener('abort', look)
      done()
    }
    document.addEventListener('visibilitychange', look)
    left.addEventListener('abort', look)
    look()
  })
}

function pause(ms: number, left: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = window.setTimeout(done, ms)
    left.addEventListener('abort', () => {
      window.clearTimeout(timer)
      done()
    }, { once: true })
  })
}
