import type { CallContext } from '../../../core/call-context'
import { isJsonValue, isRecord, type JsonValue } from '../../../core/json'
import type { Product } from '../../../core/product'
import { unexpectedAnswer } from '../errors'
import type { AkeneoSettings, ProductField } from '../inputs'
import { phpMap } from '../php-map'
import type { AkeneoCatalogue, Labelled } from './catalogue'
import { type AkeneoEntry, pickEntry, pickLabel, readEntry, type Selection } from './selection'
import { attributeValue } from './values'

/** A product as the mapping sees it, with Akeneo's own identifiers. */
export type AkeneoProduct = Product & {
  /** Milliseconds since the epoch, to the second. */
  updatedAt: number | undefined
}

/** The value that counts for an attribute of the product, by its name for the mapping and its code in Akeneo. */
type Chosen = { name: string; code: string; entry: AkeneoEntry }
type Raw = { uuid: string | undefined; item: Record<string, unknown>; identifier: string; chosen: Chosen[] }

const labelled: ReadonlyMap<string, Labelled> = new Map([
  ['pim_catalog_simpleselect', 'option'],
  ['pim_catalog_multiselect', 'option'],
  ['akeneo_reference_entity', 'record'],
  ['akeneo_reference_entity_collection', 'record'],
])

/** The fields that are maps. */
const mapFields: ReadonlySet<ProductField> = new Set(['associations', 'quantified_associations'])

/** Turns products of the REST API into those of the mapping. */
export type ProductReader = {
  /** @throws {BridgeError} systemic `PIM_UNEXPECTED_ANSWER` for what is no product */
  read(items: readonly unknown[], selection: Selection, call: CallContext): Promise<readonly AkeneoProduct[]>
}

/** Creates the reader. */
export function createProductReader(
  settings: AkeneoSettings,
  parts: {
    catalogue: AkeneoCatalogue
    options: 'labels' | 'codes'
    records: 'labels' | 'codes'
    perLocale: boolean
  },
): ProductReader {
  const { catalogue, options, records, perLocale } = parts

  return { read }

  async function read(
    items: readonly unknown[],
    selection: Selection,
    call: CallContext,
  ): Promise<readonly AkeneoProduct[]> {
    const raws = items.flatMap((item) => readItem(item, selection) ?? [])
    const types = await missingTypes(raws, call)
    return Promise.all(raws.map((raw) => toProduct(raw, types, selection, call)))
  }

  /** Undefined for a product without any name. */
  function readItem(item: unknown, selection: Selection): Raw | undefined {
    if (!isRecord(item)) throw unexpectedAnswer('a product that is none', settings.inputs)
    const chosen = Object.entries(phpMap(item.values)).flatMap(([code, entries]) =>
      choose(
        code,
        (Array.isArray(entries) ? entries : []).flatMap((value) => readEntry(value) ?? []),
        selection,
      ),
    )
    const uuid = textOf(item.uuid)
    const sku = chosen.find(({ name }) => name === settings.identifier)?.entry.data
    const identifier = textOf(sku) ?? textOf(item.identifier) ?? uuid
    return identifier === undefined ? undefined : { uuid, item, identifier, chosen }
  }

  function choose(code: string, entries: readonly AkeneoEntry[], selection: Selection): Chosen[] {
    const locales = perLocale ? new Set(entries.map(({ locale }) => locale)) : new Set<string>()
    const ofEach = [...locales].flatMap((locale) =>
      locale === null
        ? []
        : { name: `${code}-${locale}`, among: entries.filter((it) => it.locale === locale) },
    )
    return [{ name: code, among: entries }, ...ofEach].flatMap(({ name, among }) => {
      const entry = pickEntry(among, selection)
      return entry === undefined ? [] : [{ name, code, entry }]
    })
  }

  /** Older versions do not say which type a value has; only of a text does it matter. */
  async function missingTypes(raws: readonly Raw[], call: CallContext): Promise<ReadonlyMap<string, string>> {
    const codes = raws.flatMap(({ chosen }) =>
      chosen
        .filter(({ entry }) => entry.type === undefined && entry.linked === undefined && hasText(entry.data))
        .map(({ code }) => code),
    )
    return codes.length === 0 ? new Map() : catalogue.types([...new Set(codes)], call)
  }

  async function toProduct(
    { uuid, item, identifier, chosen }: Raw,
    types: ReadonlyMap<string, string>,
    selection: Selection,
    call: CallContext,
  ): Promise<AkeneoProduct> {
    const wanted = settings.attributes === undefined ? undefined : new Set(settings.attributes)
    const attributes: [string, JsonValue][] = []
    for (const { name, code, entry } of chosen) {
      // The identifier is fetched in any case.
      if (wanted !== undefined && !wanted.has(code)) continue
      const type = entry.type ?? types.get(code)
      const labels = await labelsOf(code, entry, type, call)
      const labelOf = (option: string): string | undefined => {
        const found = labels.get(option)
        return found && pickLabel(found, selection, entry.locale)
      }
      const value = attributeValue(entry.data, { type, labelOf })
      if (value !== undefined) attributes.push([name, value])
    }
    for (const field of settings.fields) {
      const value = mapFields.has(field) && item[field] !== undefined ? phpMap(item[field]) : item[field]
      if (value !== null && isJsonValue(value)) attributes.push([field, value])
    }
    // Not by assignment: a member named __proto__ is a plain name.
    return {
      identifier,
      ...(uuid === undefined ? {} : { uuid }),
      attributes: Object.fromEntries(attributes),
      updatedAt: timeOf(item.updated),
    }
  }

  type Labels = ReadonlyMap<string, Readonly<Record<string, unknown>>>

  async function labelsOf(
    attribute: string,
    { data, linked, reference }: AkeneoEntry,
    type: string | undefined,
    call: CallContext,
  ): Promise<Labels> {
    const kind = labelled.get(type ?? '')
    if (options === 'codes' && kind !== 'record') return new Map()
    if (linked !== undefined && kind !== 'record') return linkedLabels(linked)
    const owner = kind === 'record' ? reference : attribute
    if (kind === undefined || owner === undefined || (kind === 'record' && records === 'codes'))
      return new Map()
    const codes = (Array.isArray(data) ? data : [data]).filter((item) => typeof item === 'string')
    const found = await Promise.all(
      codes.map(async (code) => [code, await catalogue.labels(kind, owner, code, call)] as const),
    )
    return new Map(found.flatMap(([code, labels]) => (labels === undefined ? [] : [[code, labels]])))
  }
}

/** Of one option it is the option itself, of several they stand under their codes, or in a list. */
function linkedLabels(
  linked: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const isOne = 'code' in linked && !isRecord(linked.code)
  const found: [string, unknown][] = isOne ? [['', linked]] : Object.entries(linked)
  return new Map(
    found.flatMap(([key, option]): [string, Readonly<Record<string, unknown>>][] => {
      if (!isRecord(option)) return []
      const { code } = option
      return [
        [typeof code === 'string' || typeof code === 'number' ? String(code) : key, phpMap(option.labels)],
      ]
    }),
  )
}

const timeOf = (value: unknown): number | undefined => {
  const time = Date.parse(textOf(value) ?? '')
  return Number.isNaN(time) ? undefined : time
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

const hasText = (data: JsonValue): boolean =>
  typeof data === 'string' || (Array.isArray(data) && data.some((item) => typeof item === 'string'))
