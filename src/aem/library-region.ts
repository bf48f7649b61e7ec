import type { Parameter } from './query-builder'

/**
 * A part of a library that one search can ask for: what was created from `from` to `to`, both included, in milliseconds
 * since the epoch. Where that is one millisecond, `key` narrows it down to a part of the ids:
 * `''` is all of them, `a3` those whose `jcr:uuid` begins so, and `a3g` those of `a3` that go on with no hex digit.
 */
export type Region = { from: number; to: number; key: string }

const digits = [...'0123456789abcdef']
/** What comes after the last digit: all that has none at this place. */
const rest = 'g'
/** A UUID has a dash after so many characters. */
const dashes = [8, 13, 18, 23]
const uuidLength = 36

const child = (key: string, digit: string): string =>
  `${key}${dashes.includes(key.length) ? '-' : ''}${digit}`

/** The parts of a region, in order; empty when it has none. Together they hold what the region holds. */
export function partsOf({ from, to, key }: Region): readonly Region[] {
  if (to > from) {
    const middle = from + Math.floor((to - from) / 2)
    return [
      { from, to: middle, key: '' },
      { from: middle + 1, to, key: '' },
    ]
  }
  if (key.endsWith(rest) || key.length >= uuidLength) return []
  return [...digits, rest].map((digit) => ({ from, to, key: child(key, digit) }))
}

/** Where the region that follows begins. */
export function endOf({ to, key }: Region): { at: number; key: string } {
  if (key === '') return { at: to + 1, key: '' }
  const last = key.at(-1) ?? rest
  const before = key.slice(0, -1)
  if (last === rest) return endOf({ from: to, to, key: before.endsWith('-') ? before.slice(0, -1) : before })
  return { at: to, key: `${before}${digits[digits.indexOf(last) + 1] ?? rest}` }
}

/** How much of a region lies before a key: all of it, a part, or nothing. */
export function doneOf({ key }: Region, done: string): 'all' | 'part' | 'none' {
  if (done <= key) return 'none'
  return done.startsWith(key) ? 'part' : 'all'
}

/** The predicates for a region. The operations of both bounds include them; by default both would be excluded. */
export function predicatesOf({ from, to, key }: Region): readonly Parameter[] {
  return [
    ['1_daterange.property', 'jcr:created'],
    ['1_daterange.lowerBound', new Date(from).toISOString()],
    ['1_daterange.lowerOperation', '>='],
    ['1_daterange.upperBound', new Date(to).toISOString()],
    ['1_daterange.upperOperation', '<='],
    ...(key.endsWith(rest) ? withoutDigitAfter(key.slice(0, -1).replace(/-$/, '')) : beginning(key)),
  ]
}

const beginning = (key: string): readonly Parameter[] =>
  key === ''
    ? []
    : [
        ['1_property', 'jcr:uuid'],
        ['1_property.operation', 'like'],
        ['1_property.value', `${key}%`],
      ]

const withoutDigitAfter = (key: string): readonly Parameter[] => [
  ...beginning(key),
  ['group.p.not', 'true'],
  ['group.property', 'jcr:uuid'],
  ['group.property.operation', 'like'],
  ...digits.map((digit, index): Parameter => [`group.property.${index + 1}_value`, `${child(key, digit)}%`]),
]
