import { type Part, parsePattern } from './pattern'

/** A text that can be made of any length. */
export type Hostile = { head: string; pump: string; tail: string }

/** A text of about so many characters. */
export const textOf = ({ head, pump, tail }: Hostile, length: number): string =>
  head + pump.repeat(Math.ceil(length / pump.length)) + tail

const alphabet = [...'aA0eyJ_-. \t\n\r\0\u0085\u2028"\'\\:;,=<>()[]{}/?#&@%+*~^$|!`é']
const tails = ['', '\n', '!\0']
const separators = ['', ' ', '-']
const rounds = 12

/**
 * Texts that make an expression go back again and again, if any do: one character repeated; a prefix of what it matches
 * repeated; and what it matches up to a repeated part, that part many times, and an end that does not match.
 */
export function hostileTexts({ source, flags }: RegExp): readonly Hostile[] {
  const random = seeded(source.length + 1)
  const whole = parsePattern(source)
  const texts: Hostile[] = []
  for (const pump of alphabet) for (const tail of tails) texts.push({ head: '', pump, tail })
  for (let round = 0; round < rounds; round++) {
    const text = sample(whole, 2)
    const prefix = text.slice(0, 1 + pick(text.length))
    for (const separator of separators) {
      if (prefix + separator !== '') texts.push({ head: '', pump: prefix + separator, tail: '\0' })
    }
    for (const { before, part } of repeatedParts(whole)) {
      const pump = sample(part, 1)
      const head = before.map((one) => sample(one, 1)).join('')
      if (pump !== '') for (const tail of tails) texts.push({ head, pump, tail })
    }
  }
  return texts

  function sample(part: Part, most: number): string {
    switch (part.kind) {
      case 'character':
        return characterOf(part.source)
      case 'sequence':
        return part.parts.map((one) => sample(one, most)).join('')
      case 'choice':
        return sample(part.options[pick(part.options.length)] ?? part, most)
      case 'repeat': {
        const times = Math.min(part.max, part.min + pick(most + 1))
        return Array.from({ length: times }, () => sample(part.part, most)).join('')
      }
    }
  }

  function characterOf(one: string): string {
    const form = new RegExp(`^${one === '/' ? '\\/' : one}$`, flags.replace(/[gy]/g, ''))
    const fitting = alphabet.filter((character) => form.test(character))
    return fitting[pick(fitting.length)] ?? one.replace(/^\\/, '')
  }

  /** From 0 to below a number. */
  function pick(below: number): number {
    return Math.floor(random() * below)
  }
}

/** All that may be repeated without end, or nearly so, and what stands before it. */
function repeatedParts(part: Part, before: readonly Part[] = []): { before: readonly Part[]; part: Part }[] {
  switch (part.kind) {
    case 'character':
      return []
    case 'sequence':
      return part.parts.flatMap((one, index) =>
        repeatedParts(one, [...before, ...part.parts.slice(0, index)]),
      )
    case 'choice':
      return part.options.flatMap((one) => repeatedParts(one, before))
    case 'repeat':
      return [...(part.max > 20 ? [{ before, part: part.part }] : []), ...repeatedParts(part.part, before)]
  }
}

/** The same numbers each time, so that what fails once fails again. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
