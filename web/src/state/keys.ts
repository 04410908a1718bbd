/** Single keys that act anywhere but where one types. */
import { onScopeDispose } from 'vue'

const typesHere = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

/** A dialog has the keyboard to itself, Esc above all. */
const dialogOpen = (): boolean => document.querySelector('dialog[open]') !== null

/** Bind keys (as `KeyboardEvent.key`, letters in lower case) for as long as the component lives. */
export function useKeys(acts: Readonly<Record<string, () => void>>): void {
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || typesHere(event.target) || dialogOpen()) return
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!act) return
    event.preventDefault()
    act()
  }
  window.addEventListener('keydown', press)
  onScopeDispose(() => {
    window.removeEventListener('keydown', press)
  })
}
