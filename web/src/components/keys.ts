/** Every key of the console with what it does, the ones used most first. */
import type { Word } from '../words'

export const KEYS: readonly (readonly [keys: readonly string[], does: Word])[] = [
  [['J', 'K'], 'keyNextPrevious'],
  [['/'], 'keySearch'],
  [['Esc'], 'keyBack'],
  [['+', '−'], 'keyZoom'],
  [['0'], 'keyHome'],
  [['D'], 'keyTheme'],
  [['?'], 'allKeys'],
]
