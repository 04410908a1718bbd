/** The chart's lines of longitude and latitude, every half degree over the sea. */

const STEP = 0.5
const [WEST, SOUTH, EAST, NORTH] = [115, 33, 127, 42]

function steps(from: number, to: number): number[] {
  return Array.from({ length: Math.round((to - from) / STEP) + 1 }, (_, index) => from + index * STEP)
}

export function graticule(): GeoJSON.Feature[] {
  const line = (coordinates: [number, number][]): GeoJSON.Feature => ({
    type: 'Feature',
    geometry: { type: 'LineString', coordinates },
    properties: {},
  })
  return [
    ...steps(WEST, EAST).map((longitude) => line([[longitude, SOUTH], [longitude, NORTH]])),
    ...steps(SOUTH, NORTH).map((latitude) => line([[WEST, latitude], [EAST, latitude]])),
  ]
}
