import { isRecord, type JsonValue } from '../../../core/json'
import type { FactValue } from '../../../core/product'
import { messageOf, shown } from '../../../core/shown'
import { trimEndOf, trimStartOf } from '../../../core/trim'
import { convert } from '../../../metadata/convert'
import { isBlank } from '../../../metadata/values'
import type { AkeneoAttribute } from '../catalogue/catalogue'

/** The data of a value as Akeneo takes it, or why there is none. */
export type Encoded = { data: JsonValue } | { problem: string }

/** By the type of attribute. A select has labels or codes still; of a record Akeneo checks the code. */
const encoders: Readonly<Record<string, (value: FactValue, about: Held) => Encoded>> = {
  pim_catalog_text: (value) => one(value, (item) => String(item)),
  pim_catalog_textarea: (value) => one(value, (item) => String(item)),
  pim_catalog_number: (value) => one(value, (item) => numberData(String(convert(item, 'number')), item)),
  pim_catalog_boolean: (value) => one(value, (item) => convert(item, 'boolean')),
  pim_catalog_date: (value) => one(value, (item) => convert(item, 'date')),
  pim_catalog_metric: (value, about) => one(value, (item) => measurement(item, about)),
  pim_catalog_price_collection: (value) => each(value, price),
  pim_catalog_simpleselect: (value) => one(value, (item) => String(item)),
  pim_catalog_multiselect: (value) => each(value, (item) => String(item)),
  akeneo_reference_entity: (value) => one(value, (item) => String(item)),
  akeneo_reference_entity_collection: (value) => each(value, (item) => String(item)),
}

/** Why attributes of some types are not written. */
const unwritable: Readonly<Record<string, string>> = {
  pim_catalog_identifier: 'identifies the product, and is never written',
  pim_catalog_image: 'holds a media file, which the destination for Akeneo uploads',
  pim_catalog_file: 'holds a media file, which the destination for Akeneo uploads',
  pim_catalog_asset_collection: 'holds assets of the Asset Manager, which the destination for Akeneo links',
  pim_catalog_table: 'is a table, whose rows no single value tells',
}

/** Why no value of an attribute is written; undefined when it is. */
export const whyNotWritten = ({ code, type }: AkeneoAttribute): string | undefined =>
  Object.hasOwn(encoders, type)
    ? undefined
    : `the attribute ${code} ${unwritable[type] ?? `is a ${type}, which is not written`}`

/** An attribute, and what the product holds of it. */
type Held = { attribute: AkeneoAttribute; held: JsonValue | undefined }

/**
 * A value in the form of its attribute's type, as `getProducts` would give it or plainer: `1.5 KILOGRAM` or 1.5 for a
 * measurement, `19.90 EUR` for a price. Of a select it is a label or a code still. A blank value is null.
 */
export function encode(value: FactValue, about: Held): Encoded {
  if (isEmpty(value)) return { data: null }
  const encoder = encoders[about.attribute.type]
  if (encoder === undefined) return { problem: 'its type is not written' }
  try {
    return encoder(value, about)
  } catch (thrown) {
    return { problem: messageOf(thrown) }
  }
}

/** Akeneo takes a text of blanks for none. */
const isEmpty = (value: FactValue): boolean =>
  isBlank(value) || (typeof value === 'string' && value.trim() === '')

type Scalar = string | number | boolean

function one(value: FactValue, make: (item: Scalar) => JsonValue): Encoded {
  const [item, ...others] = itemsOf(value)
  if (item === undefined || others.length > 0) {
    return { problem: `it takes one value, and ${shown(value)} is several` }
  }
  return { data: make(item) }
}

const each = (value: FactValue, make: (item: Scalar) => JsonValue): Encoded => ({
  data: [...new Set(itemsOf(value))].map(make),
})

function itemsOf(value: FactValue): Scalar[] {
  const items: readonly (Scalar | null)[] = Array.isArray(value) ? value : [value].flat()
  return items.flatMap((item) => (item === null || isEmpty(item) ? [] : [item]))
}

/** Decimals go as a text, as Akeneo gives them. A long text keeps the digits that a number would lose. */
function numberData(text: string, given: Scalar): JsonValue {
  const exact = typeof given === 'string' && decimal.test(given.trim()) ? given.trim() : text
  const whole = Number(exact)
  return Number.isSafeInteger(whole) && /^-?\d+$/.test(exact) ? whole : exact
}

const decimal = /^-?\d+(\.\d+)?$/

/** With a symbol in it the unit is the one that the product has, for no answer of Akeneo tells which another one is. */
function measurement(item: Scalar, { attribute, held }: Held): JsonValue {
  const [amount = '', ...words] = String(item).trim().split(/\s+/)
  if (!decimal.test(amount)) throw new Error(`${shown(item)} is no measurement, such as "1.5 KILOGRAM"`)
  const own: Readonly<Record<string, unknown>> = isRecord(held) ? held : {}
  const name = words.join(' ')
  const unit = name === '' || name === own.symbol ? (own.unit ?? attribute.unit) : name
  if (typeof unit !== 'string') throw new Error(`${shown(item)} has no unit, such as "1.5 KILOGRAM"`)
  return { amount, unit }
}

function price(item: Scalar): JsonValue {
  const [amount = '', currency = '', ...others] = String(item).trim().split(/\s+/)
  if (!decimal.test(amount) || !/^[A-Z]{3}$/.test(currency) || others.length > 0) {
    throw new Error(`${shown(item)} is no price, such as "19.90 EUR"`)
  }
  return { amount, currency }
}

/** Tells whether two values of a type say the same; undefined and null are none. */
export function sameData(type: string, a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return normal(type, a) === normal(type, b)
}

/** A form that is equal for what Akeneo takes for equal. */
function normal(type: string, data: JsonValue | undefined): string {
  if (data === undefined || isBlank(data)) return ''
  if (type === 'pim_catalog_number') return plainDecimal(String(data))
  if (type === 'pim_catalog_date') return String(data).slice(0, 'YYYY-MM-DD'.length)
  if (Array.isArray(data)) {
    return [...new Set(data.map((item) => normal(type, item)))]
      .filter((item) => item !== '')
      .sort()
      .join('\n')
  }
  if (isRecord(data)) {
    const { amount, unit, currency } = data
    return amount === undefined || isBlank(amount)
      ? ''
      : `${plainDecimal(String(amount))} ${String(unit ?? currency)}`
  }
  // Akeneo may trim a text: it must not be written anew each time.
  return typeof data === 'string' ? data.trim().replaceAll('\r\n', '\n') : String(data)
}

/** Without the zeros that Akeneo fills up with: `1.5000` is 1.5. */
function plainDecimal(text: string): string {
  if (!decimal.test(text)) return text
  const sign = text.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = text.replace('-', '').split('.')
  const digits = [trimStartOf(whole, '0') || '0', trimEndOf(fraction, '0')].filter((part) => part !== '')
  const plain = digits.join('.')
  return plain === '0' ? plain : `${sign}${plain}`
}
