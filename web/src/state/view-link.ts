/** Where one looks and what one has chosen, as the part of the address after #: links reopen the view. */

export interface View {
  zoom: number
  latitude: number
  longitude: number
}

export type Choice = { kind: 'event' | 'camera'; id: number } | null

export interface Link {
  view: View | null
  choice: Choice
}

const FORM = /^#(-?[\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)(?:\/(event|camera)\/(\d+))?$/

/** Read `#zoom/latitude/longitude[/event/ID]`; what is not of that form says nothing. */
export function readLink(hash: string): Link {
  const parts = FORM.exec(hash)
  if (!parts) return { view: null, choice: null }
  const [zoom, latitude, longitude] = parts.slice(1, 4).map(Number) as [number, number, number]
  const sound = zoom >= 0 && zoom <= 24 && Math.abs(latitude) <= 85 && Math.abs(longitude) <= 180
  const kind = parts[4] as 'event' | 'camera' | undefined
  return {
    view: sound ? { zoom, latitude, longitude } : null,
    choice: kind ? { kind, id: Number(parts[5]) } : null,
  }
}

export function writeLink({ zoom, latitude, longitude }: View, choice: Choice): string {
  const chosen = choice ? `/${choice.kind}/${choice.id}` : ''
  return `#${zoom.toFixed(2)}/${latitude.toFixed(5)}/${longitude.toFixed(5)}${chosen}`
}
