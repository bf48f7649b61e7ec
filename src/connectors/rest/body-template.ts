import { isJsonValue, isRecord, type JsonValue, parseJson } from '../../core/json'
import type { FactValue } from '../../core/product'
import type { Parsed } from '../../plugin/inputs'

/** What one product is to hold. */
export type ProductValues = { identifier: string; values: Readonly<Record<string, FactValue>> }

/**
 * The body of a request as a JSON document with placeholders in it. They are replaced in the document, not in its text:
 * whatever a value holds, it stays that value.
 */
export type BodyTemplate = {
  /** Whether a list in it is repeated for each product. */
  isRepeated: boolean
  /** The body for these products; for exactly one, unless a list is repeated. */
  fill(products: readonly ProductValues[]): string
}

const valuesMark = '{values}'
const identifierMark = '{identifier}'

/** The shape of the input that holds a template. */
export function bodyTemplate(text: string): Parsed<BodyTemplate> {
  const document = parseJson(text)
  if (!isJsonValue(document)) return { problem: 'must be JSON' }
  if (!some(document, (item) => item === valuesMark)) {
    return { problem: 'must have "{values}", in quotes, where the values go' }
  }
  return { value: templateOf(document) }
}

/** The values, and nothing else. */
export const valuesAlone: BodyTemplate = templateOf(valuesMark)

function templateOf(document: JsonValue): BodyTemplate {
  return {
    isRepeated: some(document, isList),
    fill: (products) => JSON.stringify(filled(document, products)),
  }
}

/** A list whose only item says whose values they are. */
function isList(item: JsonValue): item is readonly [JsonValue] {
  return (
    Array.isArray(item) &&
    item.length === 1 &&
    some(item, (it) => it === valuesMark) &&
    some(item, (it) => typeof it === 'string' && it.includes(identifierMark))
  )
}

function filled(document: JsonValue, products: readonly ProductValues[]): JsonValue {
  const [product] = products
  if (isList(document)) return products.map((one) => filled(document[0], [one]))
  if (Array.isArray(document)) return document.map((item) => filled(item, products))
  if (isRecord(document)) {
    const members = Object.entries<JsonValue>(document)
    return Object.fromEntries(members.map(([name, item]) => [name, filled(item, products)]))
  }
  if (typeof document !== 'string' || product === undefined) return document
  return document === valuesMark
    ? product.values
    : document.replaceAll(identifierMark, () => product.identifier)
}

function some(document: JsonValue, test: (item: JsonValue) => boolean): boolean {
  if (test(document)) return true
  const inside = typeof document === 'object' && document !== null ? Object.values<JsonValue>(document) : []
  return inside.some((item) => some(item, test))
}
