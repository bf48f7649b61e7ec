/** A part of a regular expression, as far as texts that nearly match are made from it. */
export type Part =
  /** One character; `source` is an expression of its own. */
  | { kind: 'character'; source: string }
  | { kind: 'sequence'; parts: readonly Part[] }
  | { kind: 'choice'; options: readonly Part[] }
  | { kind: 'repeat'; part: Part; min: number; max: number }

const nothing: Part = { kind: 'sequence', parts: [] }

/** Takes the source of a regular expression apart. Anchors and what only looks around stand for no text. */
export function parsePattern(source: string): Part {
  let at = 0
  const whole = choice()
  if (at < source.length) throw new Error(`/${source}/ is not understood from ${at} on`)
  return whole

  function choice(): Part {
    const options = [sequence()]
    while (source[at] === '|') {
      at += 1
      options.push(sequence())
    }
    return options.length === 1 ? (options[0] ?? nothing) : { kind: 'choice', options }
  }

  function sequence(): Part {
    const parts: Part[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(atom()))
    return { kind: 'sequence', parts }
  }

  function repeated(part: Part): Part {
    const [whole, one, min, comma, max] = take(/(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y) ?? []
    if (whole === undefined) return part
    const most = max === undefined || max === '' ? Number.POSITIVE_INFINITY : Number(max)
    if (one === '?') return { kind: 'repeat', part, min: 0, max: 1 }
    if (one !== undefined) return { kind: 'repeat', part, min: one === '+' ? 1 : 0, max: most }
    return { kind: 'repeat', part, min: Number(min), max: comma === '' ? Number(min) : most }
  }

  function atom(): Part {
    if (take(/\\[bB]|[\^$]/y) !== undefined) return nothing
    const open = take(/\((\?(?:<?[=!]|:|<\w+>))?/y)
    if (open !== undefined) {
      const inner = choice()
      if (take(/\)/y) === undefined) throw new Error(`/${source}/ has no ) at ${at}`)
      return /[=!]/.test(open[1] ?? '') ? nothing : inner
    }
    const [character] =
      take(/\[(?:[^\]\\]|\\.)*\]|\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[pP]\{\w+\}|.)|[^\\]/isy) ?? []
    if (character === undefined) throw new Error(`/${source}/ is not understood at ${at}`)
    return { kind: 'character', source: character }
  }

  function take(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = at
    const match = form.exec(source)
    if (match === null) return undefined
    at += match[0].length
    return match
  }
}
