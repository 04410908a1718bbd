/** The words of the HTTP API, version 1, as the console reads them. */

export const CAMERA_STATES = ['online', 'degraded', 'offline', 'unknown'] as const
export type CameraState = (typeof CAMERA_STATES)[number]

export type Severity = 1 | 2 | 3 | 4
export type IncidentState = 'suspected' | 'confirmed' | 'closed'

export interface Credentials {
  username: string
  password: string
}

export type Permission = 'read-cameras' | 'read-events' | 'view-pictures'

export interface Session {
  username: string
  display_name: string
  roles: string[]
  permissions: string[]
  unit: Unit
}

export interface Counts {
  cameras: number
  by_state: Record<CameraState, number>
  without_place: number
}

export interface Unit {
  code: string
  name: string
  /** Names of the units above it from the city down, its own last. */
  path: string[]
}

/** WGS-84 degrees, and the radius in metres that holds the true place; null is unknown. */
export interface Place {
  longitude: number
  latitude: number
  accuracy_m: number | null
}

export interface Incident {
  id: number
  kind: string
  state: IncidentState
  severity: Severity
  confidence: number
  camera: { id: number; name: string }
  unit: Unit | null
  place: Place | null
  address: string | null
  /** Address of the picture that decided it. */
  evidence: string | null
  facts: Facts
  exercise: boolean
  opened_at: string
  updated_at: string
  closed_at: string | null
}

/** What the rule weighed; rules may say more or less than this. */
export interface Facts {
  measure?: string
  value?: number
  border?: number
  votes?: number
  of?: number
  model?: string
  detections?: Detection[]
}

/** What was found, how surely, and its box: left, top, right, bottom as fractions of the picture. */
export type Detection = [
  label: string,
  score: number,
  left: number,
  top: number,
  right: number,
  bottom: number,
]

/** An event of the stream: a CloudEvent around what is known of an incident as of its time. */
export interface IncidentEvent {
  time: string
  exercise: boolean
  data: {
    incident_id: number
    kind: string
    state: IncidentState
    severity: Severity
    confidence: number
    place: Place | null
    address: string | null
    unit: Unit | null
    camera: { id: number; name: string }
    evidence: { path: string } | null
    facts: Facts
    opened_at: string
    closed_at: string | null
  }
}

export interface Page<Item> {
  items: Item[]
  next: string | null
}

export interface Camera {
  id: number
  code: string | null
  name: string
  place: Place | null
  heading_deg: number | null
  state: CameraState
  unit: Unit | null
  simulated: boolean
  found?: Found | null
}

/** How a camera answers the words that were looked for, and which parts of its name do: from and to. */
export interface Found {
  how: 'begins' | 'name' | 'elsewhere' | 'code' | 'sound' | 'similar'
  marks: [from: number, to: number][]
}

export interface CameraRecord extends Camera {
  address: string | null
  owner: string | null
  manufacturer: string | null
  model: string | null
  classifications: { code: string; name: string }[]
  looked_at: string | null
}

/** West, south, east, north in degrees. */
export type Bounds = [number, number, number, number]

export interface Organisation {
  code: string
  name: string
  name_en: string
  /** 0 city, 1 district, 2 township. */
  level: 0 | 1 | 2
  bounds: Bounds | null
  children: Organisation[]
}

export interface Scene {
  id: number
  code: string
  name: string
  name_en: string
}

/** A tile of the web-mercator pyramid; `y` counts from the north. */
export interface TileId {
  z: number
  x: number
  y: number
}

/** What a map on show must fetch again: everything, or the tiles that touch one of these. */
export interface TileChanges {
  version: number
  all: boolean
  tiles: TileId[]
}

/** RFC 9457. */
export interface Problem {
  type?: string
  title?: string
  status?: number
  detail?: string
}
