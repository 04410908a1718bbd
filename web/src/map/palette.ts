/** The theme's colours, read from the design tokens so that the map and the page never differ. */

const TOKENS = {
  sea: '--map-sea',
  sea2: '--map-sea-2',
  sea3: '--map-sea-3',
  seaLabel: '--map-sea-label',
  land: '--map-land',
  border: '--map-border',
  road: '--map-road',
  roadCase: '--map-road-case',
  artery: '--map-art',
  arteryCase: '--map-art-case',
  highway: '--map-hwy',
  highwayCase: '--map-hwy-case',
  label: '--map-label',
  label2: '--map-label-2',
  halo: '--map-halo',
  panel: '--bg-panel',
  line: '--line-strong',
  text: '--text-1',
  accent: '--accent',
  online: '--st-online',
  degraded: '--st-degraded',
  offline: '--st-offline',
  unknown: '--st-unknown',
  severity1: '--sev-1',
  severity2: '--sev-2',
  severity3: '--sev-3',
  severity4: '--sev-4',
} as const

export type Palette = Record<keyof typeof TOKENS, string>

/** The colours of the theme that the document wears now. */
export function currentPalette(): Palette {
  const worn = getComputedStyle(document.documentElement)
  const entries = Object.entries(TOKENS).map(([name, token]) => [
    name,
    worn.getPropertyValue(token).trim(),
  ])
  return Object.fromEntries(entries) as Palette
}
