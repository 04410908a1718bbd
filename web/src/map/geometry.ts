/** Small figures on the ellipsoid's sphere, good to what a map can show. */

const METRES_TO_DEGREE = 111_320

/** A circle of `radius` metres around a WGS-84 point, as one closed ring of degrees. */
export function circle(longitude: number, latitude: number, radius: number): [number, number][] {
  const corners = 64
  const east = radius / (METRES_TO_DEGREE * Math.cos((latitude * Math.PI) / 180))
  const north = radius / METRES_TO_DEGREE
  return Array.from({ length: corners + 1 }, (_, index) => {
    const angle = ((index % corners) / corners) * Math.PI * 2
    return [longitude + east * Math.cos(angle), latitude + north * Math.sin(angle)]
  })
}

export interface ScaleBar {
  /** Pixels of the page. */
  width: number
  metres: number
}

/** The longest bar of 1, 2 or 5 times a power of ten metres that fits in `room` pixels. */
export function scaleBar(metresPerPixel: number, room: number): ScaleBar {
  const most = metresPerPixel * room
  const power = 10 ** Math.floor(Math.log10(most))
  const metres = ([5, 2].find((factor) => factor * power <= most) ?? 1) * power
  return { width: metres / metresPerPixel, metres }
}

/** Metres that one pixel of a 512-pixel web-mercator world covers. */
export function metresPerPixel(latitude: number, zoom: number): number {
  const equator = 40_075_016.686
  return (equator * Math.cos((latitude * Math.PI) / 180)) / (512 * 2 ** zoom)
}
