/** What the chart's layers share: the look that was chosen, letters, and values over zoom. */
import type { ExpressionSpecification } from 'maplibre-gl'

import type { Language, Theme } from '../state/preferences'
import type { Palette } from './palette'

export interface Look {
  theme: Theme
  language: Language
  palette: Palette
  /** How much larger than usual signs and letters are, for very wide screens. */
  scale: number
}

/** From this zoom on the camera tiles carry single cameras, below it clusters of them. */
export const SINGLE_CAMERAS_ZOOM = 13

export const LAYER = {
  rings: 'rings',
  clusters: 'clusters',
  cameras: 'cameras',
  events: 'events',
} as const

// Drawn by the browser from fonts of the machine: no glyph server. MapLibre reads the weight from the
// first name, which is no font.
const FONTS = ['Inter', 'PingFang SC', 'Microsoft YaHei UI', 'Noto Sans CJK SC', 'sans-serif']
export const BODY = ['Regular', ...FONTS]
export const STRONG = ['Semibold', ...FONTS]

/** A value over zoom: pairs of a zoom and the value there, straight lines between. */
export const byZoom = (...stops: number[]): ExpressionSpecification => [
  'interpolate',
  ['linear'],
  ['zoom'],
  ...(stops as [number, number]),
]

export const halo = (palette: Palette) => ({
  'text-halo-color': palette.halo,
  'text-halo-width': 1.6,
})
