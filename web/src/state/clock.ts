/** The time now, told once a second to everything that shows a time or an age. */
import { readonly, ref } from 'vue'

const ticking = ref(Date.now())
window.setInterval(() => {
  ticking.value = Date.now()
}, 1_000)

/** Milliseconds since 1970, as the browser's clock has it. */
export const now = readonly(ticking)
