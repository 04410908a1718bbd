/**
 * Rings: the fine cells of the camera tiles, gathered into cells far enough apart to carry a number.
 *
 * The tiles count cameras by cells of 16 pixels, which show where cameras are. Rings say how many and in
 * which state; their cells are made of whole tile cells, so that what they say adds up.
 */
import { CAMERA_STATES, type CameraState } from '../api/types'

/** Log2 of the tile cells to the world's side that a tile of zoom 0 has: 32. */
const TILE_CELL_BITS = 5
/** A ring stands for at least this many tile cells a side, and for twice as many once they grow apart. */
const CELLS_TO_RING_BITS = 3

export type Tally = Record<CameraState, number>

/** A tile cell, or a ring: cameras by state at their mean place. */
export interface Cluster extends Tally {
  longitude: number
  latitude: number
  n: number
}

/** Web-mercator position of a place, each from 0 to 1, north and west first. */
function project(longitude: number, latitude: number): [number, number] {
  const sine = Math.sin((latitude * Math.PI) / 180)
  return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)]
}

/** Log2 of the rings' cells to the world's side at `zoom`: 90 to 181 pixels apart. */
export function ringBits(zoom: number): number {
  const finer = zoom - Math.floor(zoom) >= 0.5 ? 1 : 0
  return Math.floor(zoom) + TILE_CELL_BITS - CELLS_TO_RING_BITS + finer
}

/** Gather `cells` into one ring per cell of 2^`bits` to the world's side, each at its cameras' mean place. */
export function gather(cells: Iterable<Cluster>, bits: number): Cluster[] {
  const side = 2 ** bits
  const rings = new Map<number, Cluster>()
  for (const cell of cells) {
    const [x, y] = project(cell.longitude, cell.latitude)
    const key = Math.floor(y * side) * side + Math.floor(x * side)
    const ring = rings.get(key)
    if (ring) add(ring, cell)
    else rings.set(key, { ...cell })
  }
  return [...rings.values()]
}

function add(ring: Cluster, cell: Cluster): void {
  const n = ring.n + cell.n
  ring.longitude += ((cell.longitude - ring.longitude) * cell.n) / n
  ring.latitude += ((cell.latitude - ring.latitude) * cell.n) / n
  ring.n = n
  for (const state of CAMERA_STATES) ring[state] += cell[state]
}
