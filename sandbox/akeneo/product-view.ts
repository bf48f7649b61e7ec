import type { JsonObject, JsonValue } from '../json'
import type {
  AkeneoAttribute,
  AkeneoProduct,
  AkeneoValue,
  AkeneoValues,
  Catalogue,
  Labels,
} from './catalogue'
import { phpMap } from './php'

/** What of a product is shown, and how. */
export type ViewOptions = {
  scope?: string | undefined
  locales?: readonly string[] | undefined
  attributes?: readonly string[] | undefined
  withOptions: boolean
  /** Whether values say their attribute's type, as SaaS does. */
  withTypes: boolean
  /** The legacy routes name the identifier, the others do not. */
  legacy: boolean
  /** Versions before 7.0 know no uuids. */
  withUuid: boolean
  linkBase: string
  /** What the user does not own, by uuid. */
  notOwned?: ReadonlySet<string>
}

const labelsOf = (labels: Labels | undefined): JsonValue => phpMap(labels ?? {})

const option = (attribute: AkeneoAttribute, code: string): JsonObject => ({
  attribute: attribute.code,
  code,
  labels: labelsOf(attribute.options?.[code]),
})

/** Of several options a map by code, which PHP builds in the order of the data. */
const linkedData = (attribute: AkeneoAttribute, data: JsonValue): JsonValue | undefined => {
  const known = (code: JsonValue): code is string =>
    typeof code === 'string' && Object.hasOwn(attribute.options ?? {}, code)
  if (attribute.type === 'pim_catalog_simpleselect' && known(data)) return option(attribute, data)
  if (attribute.type !== 'pim_catalog_multiselect' || !Array.isArray(data)) return undefined
  const codes = data.filter(known)
  // JavaScript sorts numeric keys, PHP does not: out of order they make no list.
  const isList = codes.every((code, index) => code === String(index))
  const map = Object.fromEntries(codes.map((code) => [code, option(attribute, code)]))
  return isList ? phpMap(map) : map
}

const isFile = (type: string): boolean => type === 'pim_catalog_image' || type === 'pim_catalog_file'

const valueView = (attribute: AkeneoAttribute, value: AkeneoValue, options: ViewOptions): JsonObject => {
  const { locale, scope, data } = value
  const linked = options.withOptions ? linkedData(attribute, data) : undefined
  const href = `${options.linkBase}/api/rest/v1/media-files/${String(data)}/download`
  return {
    locale,
    scope,
    data,
    ...(options.withTypes ? { attribute_type: attribute.type } : {}),
    ...(attribute.referenceData === undefined ? {} : { reference_data_name: attribute.referenceData }),
    ...(linked === undefined ? {} : { linked_data: linked }),
    ...(isFile(attribute.type) ? { _links: { download: { href } } } : {}),
  }
}

const date = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, '+00:00')

/** Values as the REST API shows them: of the asked channel, locales and attributes only. */
export const valuesView = (values: AkeneoValues, catalogue: Catalogue, options: ViewOptions): JsonValue => {
  const { scope, attributes } = options
  const locales =
    options.locales ?? (scope === undefined ? undefined : catalogue.channels.get(scope)?.locales)
  const shown = (value: AkeneoValue): boolean =>
    (scope === undefined || value.scope === null || value.scope === scope) &&
    (locales === undefined || value.locale === null || locales.includes(value.locale))
  const found = Object.fromEntries(
    Object.entries(values).flatMap(([code, entries]): [string, JsonValue][] => {
      const attribute = catalogue.attributes.get(code)
      if (attribute === undefined || (attributes !== undefined && !attributes.includes(code))) return []
      const found = entries.filter(shown).map((value) => valueView(attribute, value, options))
      return found.length === 0 ? [] : [[code, found]]
    }),
  )
  return phpMap(found)
}

/** A product as the REST API shows it. */
export const productView = (
  product: AkeneoProduct,
  catalogue: Catalogue,
  options: ViewOptions,
): JsonObject => {
  const { uuid, family, parent, groups, categories, enabled, associations, quantified_associations } = product
  const path = options.legacy
    ? `products/${encodeURIComponent(catalogue.skuOf(product) ?? '')}`
    : `products-uuid/${uuid}`
  return {
    _links: { self: { href: `${options.linkBase}/api/rest/v1/${path}` } },
    ...(options.withUuid ? { uuid } : {}),
    ...(options.legacy ? { identifier: catalogue.skuOf(product) ?? null } : {}),
    enabled,
    family,
    categories,
    groups,
    parent,
    values: valuesView(catalogue.allValues(product), catalogue, options),
    created: date(product.created),
    updated: date(catalogue.lastChange(product)),
    associations: phpMap(associations),
    quantified_associations: phpMap(quantified_associations),
    metadata: { workflow_status: options.notOwned?.has(uuid) ? 'draft_in_progress' : 'working_copy' },
  }
}
