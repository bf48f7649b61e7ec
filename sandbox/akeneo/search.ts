import { isJsonObject, type JsonValue, parseJson } from '../json'
import type { AkeneoProduct, Catalogue } from './catalogue'
import { Refused } from './refusal'

/** Which products a search wants. */
export type Predicate = (product: AkeneoProduct) => boolean

/** How a search treats what public sources leave open. */
export type SearchRules = {
  /** The legacy route: the identifier is searched for as `identifier`, and there are no uuids. */
  legacy: boolean
  /** What a search for the variants of an unknown model answers. */
  unknownParent: 'empty' | 404 | 422
  /** Whether an identifier is found in any case. */
  ignoreCase: boolean
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const maxIdentifiers = 100
const maxItems = 800
const maxCriteria = 20

const textList = (property: string, value: JsonValue | undefined, max = maxItems): string[] => {
  if (!Array.isArray(value)) {
    throw new Refused(422, `Property "${property}" expects an array as data, "${typeof value}" given.`)
  }
  if (value.length > max) {
    throw new Refused(422, `You cannot search for more than ${max} values of "${property}".`)
  }
  return value.map((item) => {
    if (typeof item === 'string') return item
    throw new Refused(422, `Property "${property}" expects an array of strings as data.`)
  })
}

/** `YYYY-MM-DD hh:mm:ss`; the stand-in's server stands in UTC. */
const instant = (value: JsonValue | undefined): number => {
  const match = typeof value === 'string' ? /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/.exec(value) : null
  if (match === null) {
    throw new Refused(422, 'Property "updated" expects a string with the format "yyyy-mm-dd H:i:s" as data.')
  }
  return Date.parse(`${match[1]}T${match[2]}Z`)
}

/** Reads the `search` parameter of a list of products. Throws {@link Refused} as the PIM refuses. */
export const parseSearch = (text: string, catalogue: Catalogue, rules: SearchRules): Predicate => {
  const search = parseJson(text)
  if (!isJsonObject(search)) throw new Refused(400, 'Search query parameter should be valid JSON.')
  const criteria = Object.entries(search).flatMap(([property, filters]) => {
    if (!Array.isArray(filters) || filters.length === 0) {
      throw new Refused(
        422,
        `Structure of filter "${property}" should respect this structure: {"${property}":[{"operator": "my_operator", "value": "my_value"}]}`,
      )
    }
    return filters.map((filter): [string, JsonValue] => [property, filter])
  })
  if (criteria.length > maxCriteria) throw new Refused(422, `More than ${maxCriteria} search criteria.`)
  const predicates = criteria.map(([property, filter]) => {
    if (!isJsonObject(filter) || typeof filter.operator !== 'string') {
      throw new Refused(422, `Operator is missing for the property "${property}".`)
    }
    if (filter.value === undefined) throw new Refused(422, `Value is missing for the property "${property}".`)
    return criterion(property, filter.operator, filter.value, catalogue, rules)
  })
  return (product) => predicates.every((predicate) => predicate(product))
}

const criterion = (
  property: string,
  operator: string,
  value: JsonValue,
  catalogue: Catalogue,
  rules: SearchRules,
): Predicate => {
  const identifierKey = rules.legacy ? 'identifier' : catalogue.identifier
  if (property === identifierKey && operator === 'IN') {
    const fold = (text: string): string => (rules.ignoreCase ? text.toLowerCase() : text)
    const wanted = new Set(textList(property, value, maxIdentifiers).map(fold))
    return (product) => {
      const sku = catalogue.skuOf(product)
      return sku !== undefined && wanted.has(fold(sku))
    }
  }
  if (property === 'uuid' && operator === 'IN' && !rules.legacy) {
    const wanted = new Set(textList(property, value).map((uuid) => uuid.toLowerCase()))
    for (const uuid of wanted) {
      if (!uuidPattern.test(uuid)) throw new Refused(422, `"${uuid}" is not a valid uuid.`)
    }
    return (product) => wanted.has(product.uuid)
  }
  if (property === 'parent' && operator === '=') return variantsOf(value, catalogue, rules)
  if (property === 'updated' && operator === '>') {
    const since = instant(value)
    return (product) => catalogue.lastChange(product) > since
  }
  throw new Refused(
    422,
    `Filter on property "${property}" is not supported or does not support operator "${operator}"`,
  )
}

/** The codes that a search for models names. Throws {@link Refused} for any other search. */
export const modelCodes = (text: string): string[] => {
  const search = parseJson(text)
  const [[property, filters] = ['', null], ...others] = isJsonObject(search) ? Object.entries(search) : []
  const [filter] = Array.isArray(filters) ? filters : []
  if (others.length > 0 || property !== 'identifier' || !isJsonObject(filter) || filter.operator !== 'IN') {
    throw new Refused(422, `Filter on property "${property}" is not supported for product models.`)
  }
  return textList(property, filter.value, maxIdentifiers)
}

const variantsOf = (value: JsonValue, catalogue: Catalogue, rules: SearchRules): Predicate => {
  if (typeof value !== 'string') throw new Refused(422, 'Property "parent" expects a string as data.')
  if (!catalogue.models.has(value) && rules.unknownParent !== 'empty') {
    throw new Refused(rules.unknownParent, `Object "product model" with code "${value}" does not exist`)
  }
  return (product) => catalogue.ancestors(product).includes(value)
}
