import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import { Refused } from './refusal'

/** Whether an event with this `data` is wanted. */
export type Wanted = (data: JsonObject) => boolean

const TOKEN = /\s*(?:([a-z_]+)|"([^"]*)"|([=()[\],]))/gy
const MOST_LENGTH = 500
const MOST_OPERATORS = 10

const invalid = (message: string): Refused => new Refused(422, message)

type Token = { word?: string; text?: string; sign?: string }

const tokens = (filter: string): Token[] => {
  const found: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < filter.trimEnd().length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(filter)
    if (match === null) throw invalid(`The filter cannot be read from "${filter.slice(at)}" on`)
    const [, word, text, sign] = match
    found.push({
      ...(word === undefined ? {} : { word }),
      ...(text === undefined ? {} : { text }),
      ...(sign === undefined ? {} : { sign }),
    })
  }
  return found
}

const textOf = (value: JsonValue | undefined): string[] => (typeof value === 'string' ? [value] : [])

/** The rows of values that a delta says have changed, by attribute. */
const changedValues = (data: JsonObject): [string, JsonObject[]][] =>
  [data.product, data.product_model].flatMap((subject) => {
    const changes = isJsonObject(subject) ? subject.changes : undefined
    const values = isJsonObject(changes) ? changes.values : undefined
    if (!isJsonObject(values)) return []
    return Object.entries(values).map(([code, rows]): [string, JsonObject[]] => [
      code,
      Array.isArray(rows) ? rows.filter(isJsonObject) : [],
    ])
  })

/** A change that is of no certain channel or language is of all of them. */
const inEvery = (data: JsonObject, member: 'scope' | 'locale', value: string): boolean =>
  changedValues(data).some(([, rows]) => rows.some((row) => row[member] === null || row[member] === value))

const author = (data: JsonObject): JsonObject => (isJsonObject(data.author) ? data.author : {})

const fields: Record<string, (data: JsonObject, value: string) => boolean> = {
  user: (data, value) => textOf(author(data).identifier).includes(value),
  user_type: (data, value) => textOf(author(data).type).includes(value),
  attribute: (data, value) => changedValues(data).some(([code]) => code === value),
  scope: (data, value) => inEvery(data, 'scope', value),
  channel: (data, value) => inEvery(data, 'scope', value),
  locale: (data, value) => inEvery(data, 'locale', value),
}

/**
 * Reads a filter (Akeneo, Event Platform, available filters): `user="..."`, `user_type="..."`, and for deltas
 * `attribute`, `scope` or `channel`, `locale`; with `in [...]`, `not`, `and`, `or` and parentheses. Throws a {@link Refused}
 * that says why Akeneo would not take it.
 */
export const parseFilter = (filter: string): Wanted => {
  if (filter.length > MOST_LENGTH) throw invalid(`The filter is longer than ${MOST_LENGTH} characters`)
  const rest = tokens(filter)
  const operators = rest.filter(({ word }) => ['and', 'or', 'not'].includes(word ?? '')).length
  if (operators > MOST_OPERATORS)
    throw invalid(`The filter has more than ${MOST_OPERATORS} logical operators`)

  const skip = (kind: 'word' | 'sign', value: string): boolean => {
    if (rest[0]?.[kind] !== value) return false
    rest.shift()
    return true
  }
  const need = (sign: string): void => {
    if (!skip('sign', sign)) throw invalid(`The filter lacks "${sign}"`)
  }
  const text = (): string => {
    const value = rest.shift()?.text
    if (value === undefined) throw invalid('A value in the filter is not in double quotes')
    return value
  }

  const comparison = (): Wanted => {
    const name = rest.shift()?.word ?? ''
    const matches = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (matches === undefined) throw invalid(`The filter has no field "${name}"`)
    if (skip('sign', '=')) {
      const value = text()
      return (data) => matches(data, value)
    }
    if (!skip('word', 'in')) throw invalid(`"${name}" in the filter needs "=" or "in"`)
    need('[')
    const values = [text()]
    while (skip('sign', ',')) values.push(text())
    need(']')
    return (data) => values.some((value) => matches(data, value))
  }
  const factor = (): Wanted => {
    if (skip('word', 'not')) {
      const inner = factor()
      return (data) => !inner(data)
    }
    if (!skip('sign', '(')) return comparison()
    const inner = either()
    need(')')
    return inner
  }
  const both = (): Wanted => {
    let wanted = factor()
    while (skip('word', 'and')) {
      const [left, right] = [wanted, factor()]
      wanted = (data) => left(data) && right(data)
    }
    return wanted
  }
  const either = (): Wanted => {
    let wanted = both()
    while (skip('word', 'or')) {
      const [left, right] = [wanted, both()]
      wanted = (data) => left(data) || right(data)
    }
    return wanted
  }

  const wanted = either()
  if (rest.length > 0) throw invalid('The filter goes on after its end')
  return wanted
}
