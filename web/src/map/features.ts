/** Between the console's own values and the features that MapLibre takes and gives. */
import type { GeoJSONFeature, MapGeoJSONFeature } from 'maplibre-gl'

import type { Incident, Place } from '../api/types'
import { circle } from './geometry'
import type { Cluster, Tally } from './rings'

export interface EventMark {
  incident: Incident
  label: string
  chosen: boolean
}

/** Tiles and GeoJSON may carry the id beside the properties or among them. */
export const featureId = (feature: MapGeoJSONFeature): number =>
  Number(feature.properties['id'] ?? feature.id)

export const position = (feature: MapGeoJSONFeature): [number, number] =>
  (feature.geometry as GeoJSON.Point).coordinates as [number, number]

export function clusterOf(feature: GeoJSONFeature): Cluster {
  const [longitude, latitude] = (feature.geometry as GeoJSON.Point).coordinates as [number, number]
  const { n, online, degraded, offline, unknown } = feature.properties as Tally & { n: number }
  return { longitude, latitude, n, online, degraded, offline, unknown }
}

export function ringFeature({ longitude, latitude, ...tally }: Cluster): GeoJSON.Feature {
  return {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [longitude, latitude] },
    properties: tally,
  }
}

export function eventFeature({ incident, label, chosen }: EventMark): GeoJSON.Feature[] {
  const { id, place, severity, exercise } = incident
  if (!place) return []
  return [
    {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [place.longitude, place.latitude] },
      properties: { id, severity, exercise, label, chosen },
    },
  ]
}

export function markFeatures({ longitude, latitude, accuracy_m }: Place): GeoJSON.Feature[] {
  const middle: GeoJSON.Feature = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [longitude, latitude] },
    properties: {},
  }
  if (accuracy_m === null || accuracy_m <= 0) return [middle]
  const ring: GeoJSON.Feature = {
    type: 'Feature',
    geometry: { type: 'Polygon', coordinates: [circle(longitude, latitude, accuracy_m)] },
    properties: {},
  }
  return [ring, middle]
}
