import { isRecord, type JsonValue } from '../../../core/json'
import { trimEndOf } from '../../../core/trim'
import { isBlank } from '../../../metadata/values'

/** What is known about a value besides its data. */
export type ValueContext = {
  /** As Akeneo calls it, such as `pim_catalog_metric`; undefined when unknown. */
  type: string | undefined
  /** The label of an option by its code; undefined for an attribute without options, or an option without a label. */
  labelOf(code: string): string | undefined
}

/**
 * Turns the data of an Akeneo value into one that a mapping can write: texts, numbers, flags, or a list of them. A
 * table stays a list of rows. For an unknown type the form of the data decides.
 * @returns undefined when there is nothing in it
 */
export function attributeValue(data: JsonValue, context: ValueContext): JsonValue | undefined {
  const value = convert(data, context)
  return value === undefined || isBlank(value) ? undefined : value
}

function convert(data: JsonValue, context: ValueContext): JsonValue | undefined {
  switch (context.type) {
    case 'pim_catalog_number':
      return toNumber(data)
    case 'pim_catalog_date':
      return toDay(data)
    case 'pim_catalog_table':
      return data
  }
  if (Array.isArray(data)) {
    return data.flatMap((item) => {
      const value = typeof item === 'object' ? plainObject(item) : labelled(item, context)
      return value === undefined || isBlank(value) ? [] : [value]
    })
  }
  return typeof data === 'object' ? plainObject(data) : labelled(data, context)
}

/** The label of an option's code; anything else as it is. */
const labelled = (value: JsonValue, { labelOf }: ValueContext): JsonValue =>
  typeof value === 'string' ? (labelOf(value) ?? value) : value

/** Measurements, prices and links to products have a plain form; other objects are for a mapping function. */
function plainObject(value: JsonValue): JsonValue | undefined {
  if (!isRecord(value)) return value
  const { amount, unit, symbol, currency, type, identifier, id } = value
  if ('amount' in value && typeof unit === 'string') {
    return withUnit(isBlank(amount) ? undefined : trimmedDecimal(amount), textOf(symbol) ?? unit)
  }
  // A price keeps its zeros: 19.90 is how it is written.
  if ('amount' in value && typeof currency === 'string') return withUnit(scalarText(amount), currency)
  if (typeof type === 'string' && /^product(_model)?$/.test(type)) return textOf(identifier) ?? textOf(id)
  return value
}

const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined

const scalarText = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'number' ? String(value) : textOf(value)

const withUnit = (amount: string | undefined, unit: string): string | undefined =>
  amount === undefined ? undefined : `${amount} ${unit}`

/** Akeneo fills decimals up: 1.5 comes as `1.5000`. */
const trimmedDecimal = (amount: JsonValue | undefined): string | undefined => {
  const text = scalarText(amount)
  return text !== undefined && /^-?\d+\.\d+$/.test(text) ? trimEndOf(trimEndOf(text, '0'), '.') : text
}

/** More digits than a number of JavaScript's holds exactly: such a text stays one. */
const maxDigits = 15

/** Where decimals are allowed a number comes as a text. */
function toNumber(data: JsonValue): JsonValue {
  if (typeof data !== 'string' || !/^-?\d+(\.\d+)?$/.test(data)) return data
  const digits = data.replace(/^-?0*\.?|\D/g, '')
  return digits.length > maxDigits ? data : Number(data)
}

/** A date of Akeneo's has no time of day: what stands behind it is midnight where the server is. */
function toDay(data: JsonValue): JsonValue {
  return typeof data === 'string' ? (/^\d{4}-\d{2}-\d{2}(?=T)/.exec(data)?.[0] ?? data) : data
}
