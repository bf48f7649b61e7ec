import { parseDuration } from '../core/duration'
import { isJsonPointer } from '../core/json-pointer'
import { shown } from '../core/shown'
import { parseOrigin, parseServiceUrl } from '../http/origin'
import type { Parsed, Shape } from './declaration'

/** Any text. */
export const text: Shape<string> = (value) => ({ value })

/** A text of a certain form. @param problem what is wrong with others: `must be ...` */
export const matching =
  (pattern: RegExp, problem: string): Shape<string> =>
  (value) =>
    pattern.test(value) ? { value } : { problem }

/** One of some words. */
export const oneOf =
  <const Word extends string>(words: readonly Word[]): Shape<Word> =>
  (text) => {
    const value = words.find((word) => word === text)
    return value === undefined ? { problem: `must be one of ${words.join(', ')}` } : { value }
  }

/** `true` or `false`, also written `yes` or `no`, `1` or `0`. */
export const flag: Shape<boolean> = (text) => {
  if (['true', 'yes', '1'].includes(text)) return { value: true }
  if (['false', 'no', '0'].includes(text)) return { value: false }
  return { problem: 'must be true or false' }
}

/** A whole number, both ends included. */
export const wholeNumber =
  (from: number, to: number): Shape<number> =>
  (text) => {
    if (!/^\d+$/.test(text)) return { problem: `must be a whole number from ${from} to ${to}` }
    const value = Number(text)
    if (value < from) return { problem: `must be at least ${from}` }
    return value > to ? { problem: `must be at most ${to}` } : { value }
  }

/** Items separated by commas or blanks; a list in brackets, as the Developer Console gives scopes, is one, too. */
const split = (text: string): string[] =>
  text
    .replace(/^\[(.*)\]$/s, '$1')
    .split(/[\s,"']+/)
    .filter((item) => item !== '')

/** At least one item, separated by commas or blanks. @param item what an item is called: `must name at least one ...` */
export const list =
  <T>(item: string, shape: Shape<T>): Shape<readonly [T, ...T[]]> =>
  (text) => {
    const values: T[] = []
    for (const part of split(text)) {
      const parsed = shape(part)
      if ('problem' in parsed) return parsed
      values.push(parsed.value)
    }
    const [first, ...others] = values
    return first === undefined ? { problem: `must name at least one ${item}` } : { value: [first, ...others] }
  }

/** Names separated by commas or blanks, each once. @param what as in `must be <what>, separated by commas` */
export const names =
  (pattern: RegExp, what: string): Shape<readonly string[]> =>
  (text) => {
    const found = text.split(/[\s,]+/).filter((name) => name !== '')
    const wrong = found.find((name) => !pattern.test(name))
    return wrong === undefined
      ? { value: [...new Set(found)] }
      : { problem: `must be ${what}, separated by commas; ${shown(wrong)} is none` }
  }

/** Texts separated by commas, such as secrets. */
export const texts =
  (item: string): Shape<readonly [string, ...string[]]> =>
  (text) => {
    const [first, ...others] = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
    return first === undefined ? { problem: `holds no ${item}` } : { value: [first, ...others] }
  }

/** `https://host` with nothing behind it; `http://` for this machine only. */
export const origin: Shape<string> = (text) => {
  const found = parseOrigin(text)
  if (typeof found === 'string') return { value: found }
  // The part before an @ is a user name and a password.
  return { problem: `${shown(text.replace(/^.*@/s, '...@'), 200)} ${found.refused}` }
}

/** The URL of a service, checked: https, or http on this machine. */
export function readServiceUrl(text: string): Parsed<URL> {
  const url = parseServiceUrl(text)
  return 'refused' in url ? { problem: url.refused } : { value: url }
}

/** `latest`, `oldest`, or an ISO-8601 duration back from now. @param words what the two are called in an error, with what they mean */
export const startingPoint =
  (words: string): Shape<'oldest' | 'latest' | { duration: string; ms: number }> =>
  (text) => {
    const word = text.toLowerCase()
    if (word === 'oldest' || word === 'latest') return { value: word }
    const duration = parseDuration(text)
    if (duration !== undefined) return { value: { duration: duration.text, ms: duration.ms } }
    return {
      problem: `${JSON.stringify(text).slice(0, 40)} must be ${words}, or a duration back of days, hours, minutes and seconds, such as PT2H or P1DT12H`,
    }
  }

/** A JSON Pointer (RFC 6901). */
export const jsonPointer =
  (example: string): Shape<string> =>
  (value) =>
    isJsonPointer(value) ? { value } : { problem: `must be a JSON Pointer such as ${example}` }
