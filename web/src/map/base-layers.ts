/** The ground of the chart: sea, land, borders, roads and names, all from the base tiles. */
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl'

import { BODY, byZoom, halo, STRONG, type Look } from './look'

/** Depth bands along the coast: the districts' outlines drawn wide, then hidden by the land itself. */
export function sea({ palette }: Look): LayerSpecification[] {
  const band = (id: string, colour: string, share: number): LayerSpecification => ({
    id,
    type: 'line',
    source: 'base',
    'source-layer': 'district',
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': colour, 'line-width': byZoom(6, 18 * share, 9, 48 * share, 13, 60 * share) },
  })
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': palette.sea } },
    band('shelf', palette.sea2, 1),
    band('shallows', palette.sea3, 0.45),
    {
      id: 'graticule',
      type: 'line',
      source: 'graticule',
      paint: { 'line-color': palette.seaLabel, 'line-opacity': 0.35, 'line-width': 0.6 },
    },
    {
      id: 'coast',
      type: 'line',
      source: 'base',
      'source-layer': 'district',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': palette.seaLabel, 'line-width': 2.4, 'line-opacity': 0.7 },
    },
  ]
}

type RoadClass = 'expressway' | 'arterial' | 'secondary' | 'branch' | 'coastal'

export function land(look: Look): LayerSpecification[] {
  const { palette } = look
  return [
    {
      id: 'land',
      type: 'fill',
      source: 'base',
      'source-layer': 'district',
      paint: { 'fill-color': palette.land, 'fill-antialias': false },
    },
    {
      id: 'township-border',
      type: 'line',
      source: 'base',
      'source-layer': 'township',
      minzoom: 9,
      paint: {
        'line-color': palette.border,
        'line-opacity': byZoom(9, 0.15, 12, 0.4),
        'line-width': 0.8,
        'line-dasharray': [3, 3],
      },
    },
    ...roads(look),
    {
      id: 'district-border',
      type: 'line',
      source: 'base',
      'source-layer': 'district',
      paint: {
        'line-color': palette.border,
        'line-opacity': 0.8,
        'line-width': byZoom(7, 0.8, 12, 1.4),
        'line-dasharray': [7, 2.5, 1.2, 2.5],
      },
    },
  ]
}

function roads({ palette, scale }: Look): LayerSpecification[] {
  const road = (
    classes: RoadClass[],
    minzoom: number,
    colour: string,
    edge: string,
    widths: [number, number, number],
  ): LayerSpecification[] => {
    const [near, middle, close] = widths.map((width) => width * scale) as [number, number, number]
    const at = (extra: number): ExpressionSpecification => [
      'interpolate',
      ['exponential', 1.6],
      ['zoom'],
      8,
      near + extra * 0.4,
      13,
      middle + extra,
      17,
      close + extra * 1.6,
    ]
    const shared = {
      type: 'line' as const,
      source: 'base',
      'source-layer': 'road',
      minzoom,
      filter: ['in', ['get', 'road_class'], ['literal', classes]] as ExpressionSpecification,
      layout: { 'line-join': 'round' as const, 'line-cap': 'round' as const },
    }
    const name = classes.join('-')
    return [
      { ...shared, id: `road-edge-${name}`, paint: { 'line-color': edge, 'line-width': at(1.4) } },
      { ...shared, id: `road-${name}`, paint: { 'line-color': colour, 'line-width': at(0) } },
    ]
  }
  return [
    ...road(['branch'], 12, palette.road, palette.roadCase, [0.3, 1, 9]),
    ...road(['secondary'], 10.5, palette.road, palette.roadCase, [0.4, 1.8, 13]),
    ...road(['arterial', 'coastal'], 8.5, palette.artery, palette.arteryCase, [0.6, 2.6, 18]),
    ...road(['expressway'], 7, palette.highway, palette.highwayCase, [1, 3.4, 20]),
  ]
}

export function labels({ palette, language, scale }: Look): LayerSpecification[] {
  const name: ExpressionSpecification =
    language === 'zh'
      ? ['get', 'name']
      : ['case', ['!=', ['coalesce', ['get', 'name_en'], ''], ''], ['get', 'name_en'], ['get', 'name']]
  const unit = (
    id: string,
    level: number,
    zooms: [number, number],
    size: number,
    strong: boolean,
  ): LayerSpecification => ({
    id,
    type: 'symbol',
    source: 'base',
    'source-layer': 'unit_label',
    filter: ['==', ['get', 'level'], level],
    minzoom: zooms[0],
    maxzoom: zooms[1],
    layout: {
      'text-field': name,
      'text-font': strong ? STRONG : BODY,
      'text-size': size * scale,
      'text-letter-spacing': language === 'zh' && strong ? 0.2 : 0.02,
      // Beside the rings where there is room, for both must be read.
      'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'],
      'text-radial-offset': 1.4,
      'text-padding': 4,
      'text-max-width': 9,
    },
    paint: { 'text-color': strong ? palette.label : palette.label2, ...halo(palette) },
  })
  return [
    unit('township-name', 2, [10.5, 15], 11.5, false),
    unit('district-name', 1, [6.5, 13.5], 14.5, true),
  ]
}

/** Over the cameras, which stand along the roads and would hide their names. */
export function roadNames({ palette, scale }: Look): LayerSpecification {
  return {
    id: 'road-name',
    type: 'symbol',
    source: 'base',
    'source-layer': 'road',
    minzoom: 12.5,
    layout: {
      'symbol-placement': 'line',
      'symbol-spacing': 420,
      'text-field': ['get', 'name'],
      'text-font': BODY,
      'text-size': 11.5 * scale,
      'text-letter-spacing': 0.08,
    },
    paint: { 'text-color': palette.label2, ...halo(palette) },
  }
}
