import type { Asset } from '../../../core/asset'
import { isRecord, type JsonObject, type JsonValue } from '../../../core/json'
import { phpMap } from '../php-map'
import type { FamilyAttribute } from './family'
import type { AkeneoAssetValue } from './inputs'

/** Values of an asset in Akeneo, by attribute. */
export type Values = Readonly<Record<string, readonly JsonObject[]>>

/** One value for an asset's attribute. */
export const oneValue = (locale: string | null, channel: string | null, data: JsonValue): JsonObject => ({
  locale,
  channel,
  data,
})

/** What the asset's metadata gives for the attributes that are mapped; blank ones are left out. */
export function mappedValues(
  mapping: readonly AkeneoAssetValue[],
  attributes: ReadonlyMap<string, FamilyAttribute>,
  asset: Asset | undefined,
): Values {
  const values: Record<string, JsonObject[]> = {}
  if (asset === undefined) return values
  for (const { attribute, from, locale = null, channel = null } of mapping) {
    const given = typeof from === 'string' ? asset.metadata[from] : from(asset)
    const data = dataFor(attributes.get(attribute)?.type ?? 'text', given)
    if (data === undefined) continue
    values[attribute] = [...(values[attribute] ?? []), oneValue(locale, channel, data)]
  }
  return values
}

/** A value of AEM as the type of attribute has it; undefined when there is nothing. */
function dataFor(type: string, given: JsonValue | undefined): JsonValue | undefined {
  const items = (Array.isArray(given) ? given : [given]).filter(
    (item) => item !== undefined && item !== null && item !== '',
  )
  const [first] = items
  if (first === undefined) return undefined
  if (type === 'boolean') return first === true || /^(true|yes|1)$/i.test(String(first))
  if (type === 'multiple_options' || type === 'reference_entity_multiple_links')
    return [...new Set(items.map(String))]
  if (type === 'text') return items.map(String).join(', ')
  return String(first)
}

/** The data of an asset's value; undefined when there is none. */
export function dataIn(
  asset: unknown,
  attribute: string,
  locale: string | null,
  channel: string | null,
): JsonValue | undefined {
  const values = isRecord(asset) ? phpMap(asset.values) : {}
  const entries = Object.hasOwn(values, attribute) ? values[attribute] : undefined
  if (!Array.isArray(entries)) return undefined
  for (const entry of entries) {
    // Products say `scope` for what assets call `channel`.
    if (!isRecord(entry) || (entry.locale ?? null) !== locale) continue
    if ((entry.channel ?? entry.scope ?? null) === channel) return entry.data as JsonValue | undefined
  }
  return undefined
}

/** Options and records have an order of Akeneo's own. */
const comparable = (data: JsonValue | undefined): string =>
  JSON.stringify(Array.isArray(data) ? data.map(String).sort() : data)

/** Tells whether an asset holds all these values. */
export const holds = (asset: unknown, values: Values): boolean =>
  Object.entries(values).every(([attribute, entries]) =>
    entries.every(({ locale, channel, data }) => {
      const at = (name: JsonValue | undefined): string | null => (typeof name === 'string' ? name : null)
      return comparable(dataIn(asset, attribute, at(locale), at(channel))) === comparable(data)
    }),
  )
