import { isJsonObject, type JsonObject, type JsonValue, parseJson } from './json'

/**
 * The filters of registrations. Source: Adobe I/O Events, Subscriber Defined Filtering, DSL reference. `numeric` and
 * `cidr` are not played here: they are refused.
 */

const WORDS = ['anything-but', 'prefix', 'suffix', 'equals-ignore-case', 'exists']

const isScalar = (value: JsonValue | undefined): boolean =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value)

const problemInCondition = (condition: JsonValue): string | undefined => {
  if (isScalar(condition)) return undefined
  if (!isJsonObject(condition)) return 'a condition is a value or an operator'
  const [[word = '', operand] = [], ...more] = Object.entries(condition)
  if (more.length > 0 || !WORDS.includes(word)) return `${Object.keys(condition).join()} is no operator`
  if (word === 'exists') return typeof operand === 'boolean' ? undefined : 'exists is true or false'
  if (word !== 'anything-but') return typeof operand === 'string' ? undefined : `${word} takes a text`
  if (Array.isArray(operand)) {
    return operand.length > 0 && operand.every(isScalar) ? undefined : 'anything-but takes values'
  }
  if (isJsonObject(operand)) return problemInCondition(operand)
  return isScalar(operand) ? undefined : 'anything-but takes values'
}

const problemInPattern = (pattern: JsonValue): string | undefined => {
  if (!isJsonObject(pattern) || Object.keys(pattern).length === 0) return 'a pattern is an object with fields'
  for (const [name, value] of Object.entries(pattern)) {
    if (name === '$or') {
      if (!Array.isArray(value) || value.length < 2) return '$or takes two patterns or more'
      const problem = value.map(problemInPattern).find((it) => it !== undefined)
      if (problem !== undefined) return problem
    } else if (Array.isArray(value)) {
      if (value.length === 0) return `${name} has no condition`
      const problem = value.map(problemInCondition).find((it) => it !== undefined)
      if (problem !== undefined) return problem
    } else {
      const problem = problemInPattern(value)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** Why a filter is not taken; undefined when it is. */
export const problemInFilter = (text: string): string | undefined => {
  const pattern = parseJson(text)
  return pattern === undefined ? 'the filter is no JSON' : problemInPattern(pattern)
}

const holds = (condition: JsonValue, value: JsonValue | undefined): boolean => {
  if (!isJsonObject(condition)) return condition === value
  const [[word, operand] = []] = Object.entries(condition)
  // An intermediate node is none that exists.
  if (word === 'exists') return (value !== undefined && !isJsonObject(value)) === operand
  if (value === undefined || isJsonObject(value)) return false
  if (word === 'anything-but') {
    if (isJsonObject(operand)) return !holds(operand, value)
    return Array.isArray(operand) ? !operand.includes(value) : operand !== value
  }
  if (typeof value !== 'string' || typeof operand !== 'string') return false
  if (word === 'prefix') return value.startsWith(operand)
  if (word === 'suffix') return value.endsWith(operand)
  return value.toLowerCase() === operand.toLowerCase()
}

const matches = (pattern: JsonObject, event: JsonValue | undefined): boolean =>
  Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') {
      return Array.isArray(wanted) && wanted.some((one) => isJsonObject(one) && matches(one, event))
    }
    const value = isJsonObject(event) ? event[name] : undefined
    if (!Array.isArray(wanted)) return isJsonObject(wanted) && matches(wanted, value)
    const values = Array.isArray(value) ? value : [value]
    return wanted.some((condition) => values.some((one) => holds(condition, one)))
  })

/** Whether a filter lets an event through. */
export const passes = (text: string, event: JsonObject): boolean => {
  const pattern = parseJson(text)
  return isJsonObject(pattern) && matches(pattern, event)
}
