/** The sea chart: what MapLibre draws, in which order, in which of the theme's colours. */
import type { StyleSpecification } from 'maplibre-gl'

import { addresses } from '../api/client'
import { labels, land, roadNames, sea } from './base-layers'
import type { Look } from './look'
import { cameras, events, selection } from './sign-layers'

/** Camera tiles end there; closer views draw from it. */
export const CAMERA_MAX_ZOOM = 16

const nothing = { type: 'FeatureCollection' as const, features: [] }

export function chartStyle(look: Look): StyleSpecification {
  return {
    version: 8,
    sources: {
      base: { type: 'vector', tiles: [addresses.baseTiles], maxzoom: 14 },
      cameras: { type: 'vector', tiles: [addresses.cameraTiles], maxzoom: CAMERA_MAX_ZOOM },
      graticule: { type: 'geojson', data: nothing },
      rings: { type: 'geojson', data: nothing, buffer: 64 },
      selection: { type: 'geojson', data: nothing },
      events: { type: 'geojson', data: nothing },
    },
    layers: [
      ...sea(look),
      ...land(look),
      ...labels(look),
      ...cameras(look),
      roadNames(look),
      ...selection(look),
      ...events(look),
    ],
  }
}
