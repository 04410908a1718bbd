/** The city's own lists that give names to what the API numbers: units, scenes, and how many cameras there are. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'

import { api } from '../api/client'
import type { Bounds, Counts, Organisation, Scene } from '../api/types'
import { language } from './preferences'
import { loginEnded } from './session'

const COUNT_EVERY_MS = 20_000

const root = shallowRef<Organisation | null>(null)
const scenes = shallowRef<Scene[]>([])
const counts = shallowRef<Counts | null>(null)
/** Whether it is known what the asker's unit is and where it lies, or known that nobody says. */
const oriented = ref(false)

const units = computed(() => {
  const below = (unit: Organisation): Organisation[] => [unit, ...unit.children.flatMap(below)]
  return root.value ? below(root.value) : []
})

const englishUnits = computed(() => new Map(units.value.map(({ name, name_en }) => [name, name_en])))

const inLanguage = (name: string, name_en: string | undefined): string =>
  language.value === 'en' && name_en ? name_en : name

export const unitName = (name: string): string => inLanguage(name, englishUnits.value.get(name))

/** Units from the district down: that it is this city goes without saying. */
export const unitPath = (path: string[]): string =>
  (path.length > 1 ? path.slice(1) : path).map(unitName).join(' ')

export function sceneName(code: string, name: string): string {
  const scene = scenes.value.find((one) => one.code === code)
  return scene ? `${scene.id} ${inLanguage(name, scene.name_en)}` : name
}

/** The asker's unit, how many units there are at each level from it down, and where it lies. */
export const home = computed(() => {
  const top = root.value
  if (!top) return null
  const at = (level: number): number => units.value.filter((unit) => unit.level === level).length
  const size = [0, 1, 2].map(at).filter((n) => n > 0).join('+')
  return { name: inLanguage(top.name, top.name_en), size, bounds: top.bounds satisfies Bounds | null }
})

/** Read the lists once, and the counts now and then while the page is looked at. */
export function useCatalogue(): { counts: typeof counts; oriented: typeof oriented } {
  async function read<Value>(ask: () => Promise<Value>, put: (value: Value) => void): Promise<void> {
    try {
      put(await ask())
    } catch (error) {
      // Names fall back to what the API calls things, counts to the last known; only a lost login matters.
      loginEnded(error)
    }
  }
  const recount = (): Promise<void> =>
    read(api.counts, (value) => {
      counts.value = value
    })

  void read(api.organisations, (top) => {
    root.value = top
  }).finally(() => {
    oriented.value = true
  })
  void read(api.scenes, (all) => {
    scenes.value = all
  })
  void recount()
  const timer = window.setInterval(() => {
    if (!document.hidden) void recount()
  }, COUNT_EVERY_MS)
  onScopeDispose(() => {
    window.clearInterval(timer)
  })
  return { counts, oriented }
}
