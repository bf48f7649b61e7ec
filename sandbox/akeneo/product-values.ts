import { isJsonObject, type JsonValue } from '../json'
import type { AssetManager } from './asset-families'
import type { AkeneoAttribute, AkeneoValue, Catalogue } from './catalogue'
import { Refused } from './refusal'

const NUMERIC = /^-?\d+(\.\d+)?$/
const ISO_DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T.*)?$/
const MOST_TEXT = 255

const isText = (data: JsonValue | undefined): data is string => typeof data === 'string'
const isNumeric = (data: JsonValue | undefined): boolean =>
  typeof data === 'number' || (isText(data) && NUMERIC.test(data))
const expects = (code: string, what: string, data: JsonValue): string =>
  `Property "${code}" expects ${what} as data, "${JSON.stringify(data)}" given. Check the expected format on the API documentation.`

/** What is wrong with the data of a value by the type of its attribute; undefined when nothing is. */
const problemOf = (
  { code, type, options = {}, referenceData = '', maxCharacters = MOST_TEXT, units }: AkeneoAttribute,
  data: JsonValue,
  { catalogue, manager }: { catalogue: Catalogue; manager: AssetManager },
): string | undefined => {
  const stranger = (names: readonly JsonValue[], isKnown: (name: string) => boolean) =>
    names.find((name) => !isText(name) || !isKnown(name))
  const noOption = (name: JsonValue | undefined) =>
    name === undefined
      ? undefined
      : `Property "${code}" expects a valid code. The option "${String(name)}" does not exist.`
  switch (type) {
    case 'pim_catalog_identifier':
    case 'pim_catalog_textarea':
      return isText(data) ? undefined : expects(code, 'a string', data)
    case 'pim_catalog_image':
    case 'pim_catalog_file':
      // The code of a file that is there: it may be the value of several products.
      return isText(data) && manager.media.has(data) ? undefined : expects(code, 'a valid pathname', data)
    case 'pim_catalog_text':
      if (!isText(data)) return expects(code, 'a string', data)
      return data.length > maxCharacters
        ? `The ${code} attribute must not contain more than ${maxCharacters} characters.`
        : undefined
    case 'pim_catalog_number':
      return isNumeric(data) ? undefined : expects(code, 'a numeric', data)
    case 'pim_catalog_boolean':
      return typeof data === 'boolean' ? undefined : expects(code, 'a boolean', data)
    case 'pim_catalog_date':
      return isText(data) && ISO_DATE.test(data)
        ? undefined
        : expects(code, 'a string with the format "yyyy-mm-dd"', data)
    case 'pim_catalog_metric': {
      if (!isJsonObject(data) || !isText(data.unit) || !isNumeric(data.amount))
        return expects(code, 'an array with the keys "amount" and "unit"', data)
      return units === undefined || units.includes(data.unit)
        ? undefined
        : `Please specify a valid metric unit for the ${code} attribute.`
    }
    case 'pim_catalog_price_collection': {
      if (!Array.isArray(data) || !data.every((it) => isJsonObject(it) && isNumeric(it.amount)))
        return expects(code, 'an array of prices', data)
      const currencies = data.map((it) => (isJsonObject(it) ? String(it.currency) : ''))
      const unknown = currencies.find((currency) => catalogue.currencies.get(currency) !== true)
      return unknown === undefined
        ? undefined
        : `The currency "${unknown}" of the ${code} attribute is not activated.`
    }
    case 'pim_catalog_simpleselect':
      return noOption(stranger([data], (name) => Object.hasOwn(options, name)))
    case 'pim_catalog_multiselect':
      if (!Array.isArray(data)) return expects(code, 'an array', data)
      return noOption(stranger(data, (name) => Object.hasOwn(options, name)))
    case 'pim_catalog_asset_collection': {
      const family = manager.families.get(referenceData)
      const unknown = Array.isArray(data) ? stranger(data, (name) => family?.assets.has(name) === true) : data
      return unknown === undefined
        ? undefined
        : `Please check your ${code}: the asset "${String(unknown)}" does not exist.`
    }
    case 'akeneo_reference_entity':
    case 'akeneo_reference_entity_collection': {
      const isOne = type === 'akeneo_reference_entity'
      if (isOne === Array.isArray(data)) return expects(code, isOne ? 'a string' : 'an array', data)
      const records = catalogue.records.get(referenceData)
      const unknown = stranger(Array.isArray(data) ? data : [data], (name) => records?.has(name) === true)
      return unknown === undefined ? undefined : `The record "${String(unknown)}" of ${code} does not exist.`
    }
    default:
      return undefined
  }
}

const placeProblem = (
  { code, localizable, scopable }: AkeneoAttribute,
  { locale, scope }: AkeneoValue,
  catalogue: Catalogue,
): string | undefined => {
  if ((locale !== null) !== localizable || (scope !== null) !== scopable)
    return `The ${code} attribute has another locale or scope.`
  const channel = scope === null ? undefined : catalogue.channels.get(scope)
  if (scope !== null && channel === undefined)
    return `Attribute "${code}" expects an existing scope, "${scope}" given.`
  if (locale !== null && catalogue.locales.get(locale) !== true)
    return `Attribute "${code}" expects an existing and activated locale, "${locale}" given.`
  return locale !== null && channel !== undefined && !channel.locales.includes(locale)
    ? `The ${code} attribute: the locale "${locale}" is not bound to the channel "${scope}".`
    : undefined
}

/** Throws a {@link Refused} for values that Akeneo would not take: an unknown attribute, a wrong place or a wrong form. */
export const checkValues = (
  values: Record<string, readonly AkeneoValue[]>,
  parts: { catalogue: Catalogue; manager: AssetManager },
): void => {
  for (const [code, entries] of Object.entries(values)) {
    const attribute = parts.catalogue.attributes.get(code)
    if (attribute === undefined) throw new Refused(422, `The ${code} attribute does not exist in your PIM.`)
    for (const entry of entries) {
      const { locale, scope, data } = entry
      const problem =
        placeProblem(attribute, entry, parts.catalogue) ??
        (data === null ? undefined : problemOf(attribute, data, parts))
      if (problem !== undefined)
        throw new Refused(422, problem, [
          { property: 'values', message: problem, attribute: code, locale, scope },
        ])
    }
  }
}

/** Reads the member `values` of what is to be written. */
export const readValues = (given: JsonValue | undefined): Record<string, AkeneoValue[]> => {
  if (!isJsonObject(given)) throw new Refused(422, 'Property "values" expects an object as data.')
  return Object.fromEntries(
    Object.entries(given).map(([code, entries]) => {
      if (!Array.isArray(entries)) throw new Refused(422, `Property "${code}" expects an array as data.`)
      return [
        code,
        entries.map((entry) => {
          const { locale, scope, data } = isJsonObject(entry) ? entry : {}
          if (locale === undefined || scope === undefined || data === undefined) {
            throw new Refused(
              422,
              `Property "${code}" expects an array with the keys "locale", "scope" and "data".`,
            )
          }
          return {
            locale: typeof locale === 'string' ? locale : null,
            scope: typeof scope === 'string' ? scope : null,
            data: data === '' || (Array.isArray(data) && data.length === 0) ? null : data,
          }
        }),
      ]
    }),
  )
}
