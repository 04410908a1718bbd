/** Who is logged in. */
import { ref, shallowRef } from 'vue'

import { api, ApiError } from '../api/client'
import type { Credentials, Permission, Session } from '../api/types'

export type Entry = 'asking' | 'closed' | 'ended' | 'open'

/** `asking` until the server has said who we are; `ended` when a login ran out under the user's hands. */
export const entry = ref<Entry>('asking')
export const session = shallowRef<Session | null>(null)

/** Whether one of the roles grants `permission`. */
export const may = (permission: Permission): boolean =>
  session.value?.permissions.includes(permission) ?? false

function enter(found: Session): void {
  localStorage.setItem(NOTE, 'yes')
  session.value = found
  entry.value = 'open'
}

/** The cookie is out of a script's sight; this note beside it saves a newcomer a request that must fail. */
const NOTE = 'dengta.logged-in'

/** Go on with the login that the browser still holds, if it does. */
export async function resume(): Promise<void> {
  try {
    if (localStorage.getItem(NOTE)) enter(await api.session())
    else entry.value = 'closed'
  } catch {
    leave('closed')
  }
}

function leave(how: 'closed' | 'ended'): void {
  localStorage.removeItem(NOTE)
  session.value = null
  entry.value = how
}

export async function logIn(credentials: Credentials): Promise<void> {
  enter(await api.logIn(credentials))
}

export async function logOut(): Promise<void> {
  // The server may be out of reach; whoever wants to leave leaves.
  await api.logOut().catch(() => undefined)
  leave('closed')
}

/** Whether `error` says that the login has ended; if so, the login page comes back and says so. */
export function loginEnded(error: unknown): boolean {
  const ended = error instanceof ApiError && error.status === 401
  if (ended && entry.value === 'open') leave('ended')
  return ended
}

let asking = false

/** Ask whether we are still logged in, when something failed that does not say why; once for a burst. */
export async function askWhetherLoggedIn(): Promise<void> {
  if (asking) return
  asking = true
  await api.session().catch(loginEnded)
  asking = false
}
