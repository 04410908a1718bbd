/** What the console puts on the chart: cameras, what is chosen, and events. */
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl'

import type { CameraState } from '../api/types'
import { byZoom, LAYER, SINGLE_CAMERAS_ZOOM, STRONG, type Look } from './look'
import type { Palette } from './palette'
import { RING_ORDER, RING_SLICES } from './symbols'

/** Camera states by the number that the camera tiles give them. */
const STATE_NAMES = ['unknown', 'online', 'degraded', 'offline'] as const satisfies CameraState[]

/** The colour of the state that most cameras of a cluster are in. */
function mostOf(palette: Palette): ExpressionSpecification {
  const most: ExpressionSpecification = ['max', ...STATE_NAMES.map((state) => ['get', state])] as never
  return [
    'case',
    ['==', ['get', 'online'], most],
    palette.online,
    ['==', ['get', 'offline'], most],
    palette.offline,
    ['==', ['get', 'degraded'], most],
    palette.degraded,
    palette.unknown,
  ]
}

export function cameras({ palette, language, theme, scale }: Look): LayerSpecification[] {
  const n: ExpressionSpecification = ['get', 'n']
  const slices = (state: string): ExpressionSpecification => [
    'to-string',
    // A share too small for a slice still gets one: trouble is never rounded away.
    [
      'case',
      ['>', ['coalesce', ['get', state], 0], 0],
      ['max', 1, ['round', ['/', ['*', RING_SLICES, ['get', state]], n]]],
      0,
    ],
  ]
  const ring: ExpressionSpecification = [
    'concat',
    `${theme}/ring/`,
    ['to-string', ['step', n, 24, 10, 28, 100, 34, 1000, 40, 10000, 48]],
    ...RING_ORDER.flatMap((state, index) => [index === 0 ? '/' : '-', slices(state)]),
  ] as ExpressionSpecification
  const inHundreds = (divisor: number, unit: string): ExpressionSpecification => [
    'concat',
    ['to-string', ['/', ['round', ['/', n, divisor / 10]], 10]],
    unit,
  ]
  const large = language === 'zh' ? inHundreds(10_000, '万') : inHundreds(1_000, 'k')
  const size = byZoom(13, 0.62 * scale, 15, 0.9 * scale, 18, 1.3 * scale)
  return [
    {
      // Where cameras are: a dot to each cell of the tiles, fuller where there are more.
      id: LAYER.clusters,
      type: 'circle',
      source: 'cameras',
      'source-layer': 'cluster',
      maxzoom: SINGLE_CAMERAS_ZOOM,
      paint: {
        'circle-color': mostOf(palette),
        'circle-opacity': 0.5,
        'circle-radius': [
          'interpolate',
          ['linear'],
          ['log10', n],
          0,
          1.3 * scale,
          1,
          1.9 * scale,
          2,
          2.7 * scale,
          3,
          3.8 * scale,
        ],
      },
    },
    {
      // How many, and in which state.
      id: LAYER.rings,
      type: 'symbol',
      source: 'rings',
      maxzoom: SINGLE_CAMERAS_ZOOM,
      layout: {
        'icon-image': ring,
        'icon-size': scale,
        'icon-allow-overlap': true,
        'text-field': ['step', n, ['number-format', n, { locale: 'en-US' }], 10_000, large],
        'text-font': STRONG,
        'text-size': ['step', n, 10 * scale, 100, 11 * scale, 1000, 11.5 * scale],
        'text-allow-overlap': true,
        // The fullest on top, and its number with it.
        'symbol-sort-key': n,
      },
      paint: { 'text-color': palette.text },
    },
    {
      id: 'headings',
      type: 'symbol',
      source: 'cameras',
      'source-layer': 'camera',
      minzoom: 16,
      filter: ['has', 'heading'],
      layout: {
        'icon-image': `${theme}/tick`,
        'icon-size': size,
        'icon-rotate': ['get', 'heading'],
        'icon-rotation-alignment': 'map',
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
      },
    },
    {
      id: LAYER.cameras,
      type: 'symbol',
      source: 'cameras',
      'source-layer': 'camera',
      minzoom: SINGLE_CAMERAS_ZOOM,
      layout: {
        'icon-image': ['concat', `${theme}/camera/`, ['at', ['get', 'state'], ['literal', STATE_NAMES]]],
        'icon-size': size,
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        // Trouble on top: online below unknown below degraded below offline.
        'symbol-sort-key': ['at', ['get', 'state'], ['literal', [1, 0, 2, 3]]],
      },
    },
  ]
}

/** The camera or event that was chosen, with the circle that holds its true place. */
export function selection({ palette, scale }: Look): LayerSpecification[] {
  return [
    {
      id: 'accuracy',
      type: 'fill',
      source: 'selection',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': palette.accent, 'fill-opacity': 0.14, 'fill-outline-color': palette.accent },
    },
    {
      id: 'chosen',
      type: 'circle',
      source: 'selection',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 11 * scale,
        'circle-color': 'transparent',
        'circle-stroke-color': palette.accent,
        'circle-stroke-width': 2.5 * scale,
      },
    },
  ]
}

export function events({ palette, theme, scale }: Look): LayerSpecification[] {
  const label: ExpressionSpecification = ['get', 'label']
  return [
    {
      id: LAYER.events,
      type: 'symbol',
      source: 'events',
      layout: {
        'icon-image': [
          'concat',
          `${theme}/event/`,
          ['to-string', ['get', 'severity']],
          ['case', ['get', 'exercise'], '/exercise', '/real'],
        ],
        'icon-size': ['case', ['get', 'chosen'], 1.25 * scale, scale],
        'icon-offset': [0, -14],
        'icon-allow-overlap': true,
        // Far out only the chosen one is named: the feed names them all.
        'text-field': ['step', ['zoom'], ['case', ['get', 'chosen'], label, ''], 11.5, label],
        'text-font': STRONG,
        'text-size': 12 * scale,
        'text-anchor': 'left',
        'text-offset': [1.5, -1.5],
        'text-optional': true,
        'symbol-sort-key': ['-', 5, ['get', 'severity']],
      },
      paint: { 'text-color': palette.text, 'text-halo-color': palette.halo, 'text-halo-width': 2 },
    },
  ]
}
