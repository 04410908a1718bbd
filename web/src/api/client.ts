/** The one door to the API: every request of the console passes here. */
import type {
  Camera,
  CameraRecord,
  Counts,
  Credentials,
  Incident,
  Organisation,
  Page,
  Problem,
  Scene,
  Session,
  TileChanges,
} from './types'

const ROOT = '/api/v1'
/** A request that has not been answered by then is told to the user, who may try again. */
const PATIENCE_MS = 15_000

/** What the API, or the way to it, refused. `status` 0 is a failed connection. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly path: string,
    readonly problem: Problem = {},
  ) {
    super(problem.detail ?? problem.title ?? `${path}: ${status}`)
  }
}

async function request<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(ROOT + path, {
      method,
      credentials: 'same-origin',
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw new ApiError(0, path)
  }
  if (!response.ok) throw new ApiError(response.status, path, await problemOf(response))
  // The status says whether there is a body; the caller's type says the same.
  return (response.status === 204 ? undefined : await response.json()) as Answer
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem
  } catch {
    return { status: response.status }
  }
}

const query = (values: Record<string, string | number>): string =>
  new URLSearchParams(Object.entries(values).map(([key, value]) => [key, String(value)])).toString()

export const api = {
  logIn: (credentials: Credentials) => request<Session>('POST', '/session', credentials),
  session: () => request<Session>('GET', '/session'),
  logOut: () => request<undefined>('DELETE', '/session'),
  counts: () => request<Counts>('GET', '/counts'),
  incidents: (state: 'open' | 'closed', limit: number) =>
    request<Page<Incident>>('GET', `/events?${query({ state, limit })}`),
  incident: (id: number) => request<Incident>('GET', `/events/${id}`),
  camera: (id: number) => request<CameraRecord>('GET', `/cameras/${id}`),
  searchCameras: (words: string, limit: number) =>
    request<Page<Camera>>('GET', `/cameras?${query({ q: words, limit })}`),
  organisations: () => request<Organisation>('GET', '/organisations'),
  scenes: () => request<Scene[]>('GET', '/scenes'),
  /** Waits on the server, for less than a request's patience, until something has changed. */
  tileChanges: (since: number, wait: number) =>
    request<TileChanges>('GET', `/tiles/changes?${query({ since, wait })}`),
  tileVersion: async () => (await request<TileChanges>('GET', '/tiles/changes')).version,
}

/** Addresses that the map and the event stream open by themselves. MapLibre wants them absolute. */
export const addresses = {
  stream: `${ROOT}/events/stream`,
  cameraTiles: `${location.origin}${ROOT}/tiles/cameras/{z}/{x}/{y}.mvt`,
  baseTiles: `${location.origin}${ROOT}/tiles/base/{z}/{x}/{y}.mvt`,
}
