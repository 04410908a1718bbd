/** A name cut into the parts that were looked for and those between them. */
export interface Part {
  text: string
  marked: boolean
}

/** Marks count characters as the server does: one for each code point, not for each half of a pair. */
export function parts(name: string, marks: [from: number, to: number][] = []): Part[] {
  const letters = Array.from(name)
  const cut: Part[] = []
  let done = 0
  for (const [from, to] of marks) {
    cut.push({ text: letters.slice(done, from).join(''), marked: false })
    cut.push({ text: letters.slice(from, to).join(''), marked: true })
    done = to
  }
  cut.push({ text: letters.slice(done).join(''), marked: false })
  return cut.filter(({ text }) => text)
}
