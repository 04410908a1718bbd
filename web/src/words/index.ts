/** Words, numbers and times in the language that was chosen. */
import { computed } from 'vue'

import { ApiError } from '../api/client'
import { language } from '../state/preferences'
import { en, enKinds, enMeasures, enRoles } from './en'
import { zh, zhKinds, zhMeasures, zhRoles } from './zh'

export type Word = keyof typeof zh

const words = computed(() => (language.value === 'zh' ? zh : en))

/** The sentence called `word`, with `{name}` replaced by `values.name`. */
export function say(word: Word, values: Record<string, string | number> = {}): string {
  return words.value[word].replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole))
}

/** The name of a kind of matter; one that has no name here is shown as the API calls it. */
export const kindName = (kind: string): string =>
  (language.value === 'zh' ? zhKinds : enKinds)[kind] ?? kind

/** What a rule measured; a measure without a name here is shown as the rule calls it. */
export const measureName = (measure: string): string =>
  (language.value === 'zh' ? zhMeasures : enMeasures)[measure] ?? measure

export const roleName = (role: string): string =>
  (language.value === 'zh' ? zhRoles : enRoles)[role] ?? role

/** What went wrong, in one sentence for a person. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError) || error.status === 0) return say('unreachable')
  return error.status < 500 ? error.message : say('serverFault', { status: error.status })
}

/** A whole number with its thousands parted. */
export const count = (value: number): string => value.toLocaleString('en-US')

/** A confidence as tables show it: 0.94. */
export const share = (value: number): string => value.toFixed(2)

const locale = (): string => (language.value === 'zh' ? 'zh-CN' : 'en-GB')

export const timeOfDay = (moment: Date): string =>
  moment.toLocaleTimeString('en-GB', { hour12: false })

/** 01-17 周六, as the top bar shows it. */
export function dayOfYear(moment: Date): string {
  const pad = (value: number): string => String(value).padStart(2, '0')
  const weekday = moment.toLocaleDateString(locale(), { weekday: 'short' })
  return `${pad(moment.getMonth() + 1)}-${pad(moment.getDate())} ${weekday}`
}

/** 01-17 17:03:10, the browser's own zone. */
export function dayAndTime(iso: string): string {
  const moment = new Date(iso)
  return `${dayOfYear(moment).slice(0, 5)} ${timeOfDay(moment)}`
}

/** How long ago: 04:18 below an hour, 2 h 05 below a day, then days. */
export function age(iso: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(iso)) / 1000))
  const pad = (value: number): string => String(value).padStart(2, '0')
  if (seconds < 3600) return `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))}`
  return `${Math.floor(seconds / 86400)} d`
}

const POINTS = [
  'north',
  'northeast',
  'east',
  'southeast',
  'south',
  'southwest',
  'west',
  'northwest',
] as const satisfies readonly Word[]

/** A heading as a point of the compass and degrees clockwise from north. */
export function bearing(degrees: number): string {
  const point = POINTS[Math.round((((degrees % 360) + 360) % 360) / 45) % 8] ?? 'north'
  return `${say(point)} ${Math.round(degrees)}°`
}

/** Degrees WGS-84 to about a metre: 121.39170, 37.53120. */
export const lonLat = (longitude: number, latitude: number): string =>
  `${longitude.toFixed(5)}, ${latitude.toFixed(5)}`
