import type { CallContext } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import { isRecord } from '../../../core/json'
import type { ProductRef } from '../../../core/product'
import { uuidPattern } from '../../../core/uuid'
import { urlOf } from '../calls'
import { inBatches } from '../catalogue/batches'
import { overdueRefs } from '../catalogue/overdue'
import type { AkeneoProduct } from '../catalogue/products'
import type { ProductSearch } from '../catalogue/search'
import { type AkeneoEntry, readEntry, type Selection } from '../catalogue/selection'
import type { AkeneoClient } from '../client'
import type { AkeneoSettings } from '../inputs'
import { isIdentifier, lowerCase } from '../names'
import { phpMap } from '../php-map'

/** A product or a product model that is to be written. */
export type Target = {
  kind: 'product' | 'model'
  /** How a line names it: `uuid`, `code`, or `identifier` where Akeneo has no uuids. */
  name: 'uuid' | 'code' | 'identifier'
  value: string
  /** Code of the model above it. */
  parent: string | undefined
  family: string | undefined
  /** Of a model only. */
  familyVariant: string | undefined
  /** Whether what the connection writes becomes a proposal, or is refused, for it does not own the product. */
  isProposed: boolean
  /** The value of an attribute in one place, inherited ones included. */
  held(attribute: string, locale: string | null, scope: string | null): AkeneoEntry | undefined
}

/** Reads products and models right before they are written. */
export type TargetReader = {
  /** The target behind each reference, in their order; undefined where there is none. */
  targets(
    refs: readonly ProductRef[],
    selection: Selection,
    call: CallContext,
  ): Promise<(Target | undefined)[]>
  /** Models by their codes. */
  models(
    codes: readonly string[],
    selection: Selection,
    call: CallContext,
  ): Promise<ReadonlyMap<string, Target>>
}

const asked = { permission: 'List products' }
/** Servers in front of a PIM take 8 KB, as a rule. */
const maxUrlLength = 6_000
/** A longer list leaves no room for anything else: then all attributes are fetched. */
const maxAttributesLength = 2_500

/** Creates the reader. */
export function createTargetReader(
  settings: AkeneoSettings,
  parts: { client: AkeneoClient; search: ProductSearch; clock: Clock },
): TargetReader {
  const { client, search, clock } = parts

  return { targets, models }

  async function targets(
    refs: readonly ProductRef[],
    selection: Selection,
    call: CallContext,
  ): Promise<(Target | undefined)[]> {
    const valuesOf = (kind: ProductRef['kind']): string[] => [
      ...new Set(refs.filter((ref) => ref.kind === kind).map((ref) => ref.value)),
    ]
    const identifiers = valuesOf('identifier').filter(isIdentifier)
    const uuids = [...valuesOf('uuid'), ...identifiers].filter((value) => uuidPattern.test(value))
    const [named, numbered, above] = await Promise.all([
      identifiers.length === 0 ? [] : search.byIdentifiers(identifiers, selection, call),
      uuids.length === 0 ? [] : search.byUuids([...new Set(uuids.map(lowerCase))], selection, call),
      models(valuesOf('model').filter(isIdentifier), selection, call),
    ])
    const found = [...named, ...numbered]
    const overdue = overdueRefs(refs, found.flatMap(nameOf), clock.now())
    const fresh = await Promise.all(
      overdue.map(({ kind, value }) =>
        search.one(kind === 'uuid' ? { uuid: lowerCase(value) } : { identifier: value }, call),
      ),
    )
    const byName = new Map<string, Target>()
    for (const item of [...found, ...fresh]) {
      const target = productOf(item)
      for (const { identifier, uuid } of target === undefined ? [] : nameOf(item)) {
        if (target === undefined) continue
        byName.set(lowerCase(identifier), target)
        if (uuid !== undefined) byName.set(lowerCase(uuid), target)
      }
    }
    return refs.map(({ kind, value }) => (kind === 'model' ? above.get(value) : byName.get(lowerCase(value))))
  }

  async function models(
    codes: readonly string[],
    selection: Selection,
    call: CallContext,
  ): Promise<ReadonlyMap<string, Target>> {
    if (codes.length === 0) return new Map()
    const [scope, ...others] = selection.channels
    const attributes = (selection.attributes ?? []).join(',')
    const items = await inBatches(codes, async (values) => {
      const request = {
        path: 'product-models',
        query: {
          search: JSON.stringify({ identifier: [{ operator: 'IN', value: values }] }),
          ...(attributes === '' || attributes.length > maxAttributesLength ? {} : { attributes }),
          ...(scope === undefined || others.length > 0 ? {} : { scope }),
          limit: '100',
        },
      }
      if (values.length > 1 && urlOf(settings.origin, request).length > maxUrlLength) return undefined
      return (await client.page(request, asked, call)).items
    })
    const wanted = new Set(codes)
    return new Map(
      items.flatMap((item): [string, Target][] => {
        const code = isRecord(item) ? textOf(item.code) : undefined
        return isRecord(item) && code !== undefined && wanted.has(code)
          ? [[code, { ...targetOf(item), kind: 'model', name: 'code', value: code }]]
          : []
      }),
    )
  }

  /** What a product goes by. */
  function nameOf(item: unknown): AkeneoProduct[] {
    if (!isRecord(item)) return []
    const uuid = textOf(item.uuid)
    const entries = phpMap(item.values)[settings.identifier]
    const sku = Array.isArray(entries)
      ? entries.flatMap((value) => readEntry(value) ?? [])[0]?.data
      : undefined
    const identifier = textOf(sku) ?? textOf(item.identifier) ?? uuid
    if (identifier === undefined) return []
    const updatedAt = Date.parse(textOf(item.updated) ?? '')
    return [
      {
        identifier,
        ...(uuid === undefined ? {} : { uuid }),
        attributes: {},
        updatedAt: Number.isNaN(updatedAt) ? undefined : updatedAt,
      },
    ]
  }

  function productOf(item: unknown): Target | undefined {
    const [named] = nameOf(item)
    if (!isRecord(item) || named === undefined) return undefined
    const { identifier, uuid } = named
    const name = uuid === undefined ? 'identifier' : 'uuid'
    return { ...targetOf(item), kind: 'product', name, value: uuid ?? identifier }
  }
}

function targetOf(item: Readonly<Record<string, unknown>>): Omit<Target, 'kind' | 'name' | 'value'> {
  const values = phpMap(item.values)
  const status = isRecord(item.metadata) ? item.metadata.workflow_status : undefined
  return {
    parent: textOf(item.parent),
    family: textOf(item.family),
    familyVariant: textOf(item.family_variant),
    isProposed: status !== undefined && status !== 'working_copy',
    held(attribute, locale, scope) {
      const entries = Object.hasOwn(values, attribute) ? values[attribute] : undefined
      return (Array.isArray(entries) ? entries : [])
        .flatMap((value) => readEntry(value) ?? [])
        .find((entry) => entry.locale === locale && entry.scope === scope)
    },
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
