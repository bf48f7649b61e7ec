import { isJsonObject, type JsonObject } from '../json'
import { type Answer, json, type RecordedRequest } from '../server'
import type { AkeneoAttribute } from './catalogue'
import { listPage } from './listing'
import { phpMap } from './php'
import { Refused } from './refusal'
import { missing, one, type ReadingParts, type Route, readingRoute as route } from './route'

/** The reading half of the REST API: attributes, families, and all else that products are made of. */
export const createStructureRoutes = (parts: Omit<ReadingParts, 'settings'>): readonly Route[] => {
  const { catalogue, linkBase } = parts
  const all =
    (items: () => readonly JsonObject[]): Route['answer'] =>
    (request) =>
      listPage(items(), request, linkBase())

  const attributeView = ({
    code,
    type,
    localizable,
    scopable,
    referenceData,
    maxFileSize,
    allowedExtensions = [],
    maxCharacters,
    units = [],
  }: AkeneoAttribute): JsonObject => ({
    code,
    type,
    localizable,
    scopable,
    reference_data_name: referenceData ?? null,
    max_characters: maxCharacters ?? null,
    max_file_size: maxFileSize ?? '',
    allowed_extensions: allowedExtensions,
    default_metric_unit: units[0] ?? null,
    labels: phpMap({}),
    group_labels: phpMap({}),
    guidelines: phpMap({}),
  })
  const attributes = (request: RecordedRequest): Answer => {
    const { search } = request.query
    const match =
      search === undefined ? undefined : /^\{"code":\[\{"operator":"IN","value":(\[.*\])\}\]\}$/.exec(search)
    if (search !== undefined && !match) throw new Refused(400, 'Search query parameter should be valid JSON.')
    const codes: unknown = match ? JSON.parse(match[1] ?? '') : undefined
    const found = [...catalogue.attributes.values()].filter(
      ({ code }) => !Array.isArray(codes) || codes.includes(code),
    )
    return listPage(found.map(attributeView), request, linkBase())
  }
  const optionsOf = (code: string): JsonObject[] => {
    const attribute = catalogue.attributes.get(code)
    if (attribute === undefined) throw missing('Attribute', code)
    if (!/select$/.test(attribute.type)) {
      throw new Refused(
        404,
        `Attribute "${code}" does not support options. Only attributes of type select do.`,
      )
    }
    return Object.entries(attribute.options ?? {}).map(([option, labels], index) => {
      return { code: option, attribute: code, sort_order: index + 1, labels: phpMap(labels) }
    })
  }

  const labelledView = (item: JsonObject): JsonObject => ({
    ...item,
    labels: phpMap(isJsonObject(item.labels) ? item.labels : {}),
  })

  const recordsOf = (entity: string): JsonObject[] => {
    const records = catalogue.records.get(entity)
    if (records === undefined) throw missing('Reference entity', entity)
    return [...records].map(([code, labels]) => {
      const label = Object.entries(labels).map(([locale, data]) => ({ locale, channel: null, data }))
      return { code, values: phpMap(label.length === 0 ? {} : { label }) }
    })
  }

  const variantView = (family: string, code: string): JsonObject | undefined => {
    const levels = catalogue.familyVariants.get(family)?.get(code)
    const sets = levels?.map((attributes, index) => ({ level: index + 1, axes: [], attributes }))
    return sets && { code, labels: phpMap({}), variant_attribute_sets: sets }
  }
  const coded = (enabled: ReadonlyMap<string, boolean>): JsonObject[] =>
    [...enabled].map(([code, is]) => ({ code, enabled: is }))

  return [
    route('attributes', 'List attributes', attributes),
    route(
      'attributes/*',
      'List attributes',
      one('Attribute', (code) => {
        const attribute = catalogue.attributes.get(code)
        return attribute && attributeView(attribute)
      }),
    ),
    route('attributes/*/options', 'List attribute options', (request, [code = '']) =>
      listPage(optionsOf(code), request, linkBase()),
    ),
    route('attributes/*/options/*', 'List attribute options', (_, [code = '', option = '']) => {
      const found = optionsOf(code).find((it) => it.code === option)
      if (found === undefined) throw missing('Attribute option', option)
      return json(200, found)
    }),
    route(
      'channels',
      'List channels',
      all(() => [...catalogue.channels.values()].map(labelledView)),
    ),
    route(
      'channels/*',
      'List channels',
      one('Channel', (code) => {
        const found = catalogue.channels.get(code)
        return found && labelledView(found)
      }),
    ),
    route(
      'families',
      'List families',
      all(() => [...catalogue.families.values()].map(labelledView)),
    ),
    route(
      'families/*',
      'List families',
      one('Family', (code) => {
        const found = catalogue.families.get(code)
        return found && labelledView(found)
      }),
    ),
    route('families/*/variants/*', 'List family variants', (_, [family = '', code = '']) => {
      const found = variantView(family, code)
      if (found === undefined) throw missing('Family variant', code)
      return json(200, found)
    }),
    route(
      'locales',
      'List locales',
      all(() => coded(catalogue.locales)),
    ),
    route('reference-entities/*/records', 'List reference entity records', (request, [entity = '']) =>
      listPage(recordsOf(entity), request, linkBase()),
    ),
    route(
      'reference-entities/*/records/*',
      'List reference entity records',
      (_, [entity = '', code = '']) => {
        const found = recordsOf(entity).find((it) => it.code === code)
        if (found === undefined) throw missing('Record', code)
        return json(200, found)
      },
    ),
    route(
      'currencies',
      'List currencies',
      all(() => coded(catalogue.currencies)),
    ),
  ]
}
