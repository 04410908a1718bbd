/** The arithmetic of the tile pyramid. */
import type { TileId } from '../api/types'

/** The tiles down to zoom `deepest` that contain one of `tiles` or lie within it: those that show what it shows. */
export function touching(tiles: TileId[], deepest: number): TileId[] {
  const found = new Map<string, TileId>()
  const add = (z: number, x: number, y: number): void => {
    found.set(`${z}/${x}/${y}`, { z, x, y })
  }
  for (const { z, x, y } of tiles) {
    for (let up = 0; up <= z; up++) add(z - up, x >> up, y >> up)
    for (let down = 1; z + down <= deepest; down++) {
      const side = 1 << down
      for (let dx = 0; dx < side; dx++)
        for (let dy = 0; dy < side; dy++) add(z + down, x * side + dx, y * side + dy)
    }
  }
  return [...found.values()]
}
