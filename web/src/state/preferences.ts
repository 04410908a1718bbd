/** What one person prefers on one machine: language and theme, kept in the browser. */
import { ref, watchEffect } from 'vue'

const CHOICES = { language: ['zh', 'en'], theme: ['light', 'dark'] } as const
export type Language = (typeof CHOICES.language)[number]
export type Theme = (typeof CHOICES.theme)[number]

function remembered<Name extends keyof typeof CHOICES>(name: Name): (typeof CHOICES)[Name][number] {
  const choices: readonly string[] = CHOICES[name]
  const kept = localStorage.getItem(`dengta.${name}`)
  const chosen = kept !== null && choices.includes(kept) ? kept : choices[0]
  return chosen as (typeof CHOICES)[Name][number]
}

export const language = ref<Language>(remembered('language'))
export const theme = ref<Theme>(remembered('theme'))

export const otherLanguage = (): Language => (language.value === 'zh' ? 'en' : 'zh')
export const otherTheme = (): Theme => (theme.value === 'light' ? 'dark' : 'light')

/** Asked of the system at each use, so that a change there counts at once. */
export const reducedMotion = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

watchEffect(
  () => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
    document.documentElement.dataset['theme'] = theme.value
    localStorage.setItem('dengta.language', language.value)
    localStorage.setItem('dengta.theme', theme.value)
  },
  { flush: 'sync' },
)
