import type { Asset } from '../core/asset'
import { permanentError } from '../core/errors'
import { isRecord } from '../core/json'
import type { ProductRef } from '../core/product'
import { messageOf } from '../core/shown'
import { itemsOf } from './values'

/** A rule that says which products an asset may show. */
export type Matcher = {
  /** For the log. */
  name: string
  /** The candidates this asset offers; empty when the rule has nothing to say. */
  refs(asset: Asset): readonly ProductRef[]
  /** The metadata properties that `refs` reads; without it, all of them stay in memory. */
  reads?: readonly string[]
  /**
   * The inverse: how to find the assets that the rule would match to these products. It may find more, since each
   * asset is checked. A rule without it finds no assets when a product changes.
   */
  search?(refs: readonly ProductRef[]): AssetQuery | undefined
}

/** A query for the assets of changed products. */
export type AssetQuery =
  /** Assets with one of these values in a metadata property, single or multi-valued. */
  | { property: string; values: readonly string[] }
  /** Assets with one of these names; a star stands for any text, unless a backslash stands before it. */
  | { names: readonly string[] }

/** A text as a part of a name in an `AssetQuery` that stands for itself, stars and all. */
const literalName = (text: string): string => text.replace(/[\\*]/g, '\\$&')

const maxRefs = 100

/** File names from a Mac spell é as two characters; a PIM, as a rule, as one: both spellings are candidates. */
const spellings = (text: string): string[] => [text.trim(), text.trim().normalize('NFC')]

const toRefs = (values: readonly string[], kind: ProductRef['kind']): ProductRef[] =>
  [...new Set(values.flatMap(spellings))].filter((value) => value !== '').map((value) => ({ kind, value }))

/** Candidates from a metadata property with one or several values. */
export function fromProperty(property: string, kind: ProductRef['kind'] = 'identifier'): Matcher {
  return {
    name: `property ${property}`,
    reads: [property],
    refs: (asset) =>
      toRefs(
        itemsOf(asset.metadata[property]).flatMap((item) =>
          typeof item === 'string' || typeof item === 'number' ? [String(item)] : [],
        ),
        kind,
      ),
    search: (refs) => ({ property, values: valuesOf(refs, kind) }),
  }
}

const valuesOf = (refs: readonly ProductRef[], kind: ProductRef['kind']): string[] => [
  ...new Set(refs.filter((ref) => ref.kind === kind).map(({ value }) => value)),
]

/** The file name without its extension: `lamp (1).png` gives `lamp (1)`. */
function stem(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}

/**
 * Candidates from the file name: without a pattern all of it but the extension, with one what its groups catch
 * (the whole match when it has none). With the flag `g`, every match counts.
 */
export function fromFileName(pattern?: RegExp, kind: ProductRef['kind'] = 'identifier'): Matcher {
  return {
    name: pattern ? `file name ${pattern}` : 'file name',
    reads: [],
    refs: (asset) => toRefs(pattern ? captures(pattern, asset.name) : [stem(asset.name)], kind),
    // A pattern has no inverse.
    ...(pattern === undefined
      ? { search: (refs) => ({ names: valuesOf(refs, kind).flatMap(namesOf) }) }
      : {}),
  }
}

/** In either spelling; a slash is in no file name. */
const namesOf = (value: string): string[] =>
  value.includes('/')
    ? []
    : [...new Set([value.normalize('NFC'), value.normalize('NFD')])].map((name) => `${literalName(name)}.*`)

/** Candidates from the repository path, as the groups of a pattern catch them. */
export function fromPath(pattern: RegExp, kind: ProductRef['kind'] = 'identifier'): Matcher {
  return { name: `path ${pattern}`, reads: [], refs: (asset) => toRefs(captures(pattern, asset.path), kind) }
}

function captures(pattern: RegExp, text: string): string[] {
  // A copy for each use: a pattern with `g` or `y` keeps its position from the asset before.
  const all = text.matchAll(new RegExp(pattern, pattern.global ? pattern.flags : `${pattern.flags}g`))
  const matches = pattern.global ? [...all] : [...all].slice(0, 1)
  return matches.flatMap((match) => {
    const groups = match.slice(1).filter((group) => group !== undefined)
    return match.length > 1 ? groups : [match[0]]
  })
}

const kinds = new Set<unknown>(['identifier', 'uuid', 'model'] satisfies ProductRef['kind'][])
const isProductRef = (value: unknown): value is ProductRef =>
  isRecord(value) && typeof value.value === 'string' && kinds.has(value.kind)

/**
 * The candidates of one rule.
 * @throws {BridgeError} permanent, `MATCHER_FAILED`, when a rule of the user's throws or answers nonsense
 */
export function candidatesOf(matcher: Matcher, asset: Asset): readonly ProductRef[] {
  try {
    const refs: unknown = matcher.refs(asset)
    if (!Array.isArray(refs) || !refs.every(isProductRef)) throw new Error('it gave no list of references')
    return refs.filter((ref) => ref.value !== '').slice(0, maxRefs)
  } catch (thrown) {
    throw matcherFailed(matcher, thrown)
  }
}

/**
 * How one rule finds the assets of these products; undefined when it cannot.
 * @throws {BridgeError} permanent, `MATCHER_FAILED`, when a rule of the user's throws or answers nonsense
 */
export function searchOf(matcher: Matcher, refs: readonly ProductRef[]): AssetQuery | undefined {
  try {
    const query: unknown = matcher.search?.(refs)
    if (query === undefined) return undefined
    if (isAssetQuery(query)) return query
  } catch (thrown) {
    throw matcherFailed(matcher, thrown)
  }
  throw matcherFailed(matcher, new Error('its search is no query'))
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

const isAssetQuery = (value: unknown): value is AssetQuery =>
  isRecord(value) && (isTexts(value.names) || (typeof value.property === 'string' && isTexts(value.values)))

function matcherFailed(matcher: Matcher, thrown: unknown): Error {
  const reason = messageOf(thrown)
  return permanentError(
    'MATCHER_FAILED',
    `the matching rule "${matcher.name}" in config/enrichment.ts failed: ${reason}`,
    { cause: thrown },
  )
}
