import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import type { AkeneoValue, AkeneoValues, Catalogue, CatalogueChange } from './catalogue'

/** A change in the PIM, before it becomes an event for a subscriber. */
export type Happening = {
  /** Without the common prefix: `product.updated`. */
  type: string
  /** The event's `data`. */
  data: JsonObject
  /** The identifier of the product, for subscriptions that ask for it. */
  identifier?: string
}

/** What all types of the PIM's events begin with. */
export const PREFIX = 'com.akeneo.pim.v1.'

const difference = <T extends JsonValue>(previous: T, now: T): JsonObject | undefined =>
  JSON.stringify(previous) === JSON.stringify(now) ? undefined : { previous, new: now }

const lists = (before: readonly string[], after: readonly string[]): JsonObject | undefined => {
  const added = after.filter((it) => !before.includes(it))
  const removed = before.filter((it) => !after.includes(it))
  return added.length + removed.length === 0 ? undefined : { added, removed }
}

/** A value as a delta writes it, which is not as the REST API writes it. */
const deltaValue = (type: string, data: JsonValue): JsonValue => {
  if (data === null) return null
  if (type === 'pim_catalog_identifier') return { data, is_main_identifier: true }
  if (type === 'pim_catalog_date') return { date: String(data), timezone: 'UTC' }
  if (/_(image|file)$/.test(type)) return { file_name: String(data).replace(/^.*[/_]/, ''), key: data }
  if (type !== 'pim_catalog_metric' || !isJsonObject(data)) return data
  const { amount = null, unit = null } = data
  return { data: amount, unit, base_data: amount, base_unit: unit, family: 'unknown' }
}

const valuesOf = (
  before: AkeneoValues,
  after: AkeneoValues,
  catalogue: Catalogue,
): JsonObject | undefined => {
  const codes = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changed = codes.flatMap((code): [string, JsonValue][] => {
    const type = catalogue.attributes.get(code)?.type ?? ''
    const place = ({ locale, scope }: AkeneoValue): string => JSON.stringify([locale, scope])
    const [old, now] = [before[code] ?? [], after[code] ?? []]
    const places = new Map([...old, ...now].map((value) => [place(value), value]))
    const rows = [...places].flatMap(([key, { locale, scope }]): JsonValue[] => {
      const dataIn = (values: readonly AkeneoValue[]): JsonValue =>
        deltaValue(type, values.find((value) => place(value) === key)?.data ?? null)
      const change = difference(dataIn(old), dataIn(now))
      return change === undefined
        ? []
        : [{ ...change, type: type.replace('price_collection', 'price'), locale, scope }]
    })
    return rows.length === 0 ? [] : [[code, rows]]
  })
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}

const present = (members: Record<string, JsonObject | undefined>): JsonObject =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, value]): [string, JsonValue][] =>
      value === undefined ? [] : [[name, value]],
    ),
  )

const deltaOf = (change: CatalogueChange & { verb: 'updated' }, catalogue: Catalogue): JsonObject => {
  const values = valuesOf(change.before.values, change.state.values, catalogue)
  const parent = difference(change.before.parent, change.state.parent)
  if (change.entity === 'product_model') return present({ parent, values })
  const { before, state } = change
  return present({
    enabled: difference(before.enabled, state.enabled),
    categories: lists(before.categories, state.categories),
    family: difference(before.family, state.family),
    groups: lists(before.groups, state.groups),
    parent,
    values,
  })
}

/** `2030-01-02 03:04:05.000000`, as PHP writes a date. */
const phpDate = (time: number): string => new Date(time).toISOString().replace('T', ' ').replace('Z', '000')

/**
 * The events for a change of the catalogue (Akeneo, Event Platform, available events): names only, and for an update
 * also the delta, which is a type of its own. A model tells nothing of its variants.
 */
export const happeningsOf = (change: CatalogueChange, catalogue: Catalogue): readonly Happening[] => {
  const { entity, verb, author, state } = change
  const name = entity === 'product' ? 'product' : 'product-model'
  const subject: JsonObject = entity === 'product' ? { uuid: change.state.uuid } : { code: change.state.code }
  const sku = entity === 'product' ? catalogue.skuOf(change.state) : undefined
  const happening = (type: string, about: JsonObject): Happening => ({
    type: `${name}.${type}`,
    data: { [entity]: about, author: { ...author } },
    ...(sku === undefined ? {} : { identifier: sku }),
  })
  if (change.verb !== 'updated') return [happening(verb, subject)]
  const updatedAt = { date: phpDate(state.updated), timezone: 'UTC' }
  const delta = { ...subject, updated_at: updatedAt, changes: deltaOf(change, catalogue) }
  return [happening(verb, subject), happening('updated.delta', delta)]
}
