import type { AemAsset } from './asset'

/** A condition of QueryBuilder on assets. */
export type Condition = {
  /** The property that an index would need; undefined for a name, which the index of assets holds. */
  property: string | undefined
  /** Whether the condition can only be tested on each node, whatever the index holds. */
  readsNodes: boolean
  /** Outside of it no asset meets the condition: dates of creation, in milliseconds since the epoch. */
  span?: { from: number; to: number }
  holds(asset: AemAsset): boolean
}

/** Says why a query is refused, and with which status. */
export class QueryRefused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** What a predicate was given: its own value under the empty name. */
type Given = Map<string, string>
type Predicate = { kind: string; given: Given }

const NAME = /^(group\.)?(?:(\d+)_)?(property|daterange|nodename)(?:\.(.+))?$/
/** Two parts of one predicate have one key. `property.1_value` belongs to `property`. */
const PARTS: Record<string, RegExp> = {
  property: /^(|value|\d+_value|operation)$/,
  daterange: /^(property|lowerBound|lowerOperation|upperBound|upperOperation)$/,
  nodename: /^$/,
}

export const isPredicate = (name: string): boolean => {
  const [, , , kind = '', part = ''] = NAME.exec(name) ?? []
  return PARTS[kind]?.test(part) ?? false
}

/**
 * Reads the predicates `property`, `daterange` and `nodename`, and the ones of one group.
 * Source: Adobe's reference of QueryBuilder predicates. Stricter than AEM, which passes over what it cannot read.
 * @throws {QueryRefused} for a predicate that AEM would pass over or fail on
 */
export const readConditions = (query: Readonly<Record<string, string>>): Condition[] => {
  const root = new Map<string, Predicate>()
  const grouped = new Map<string, Predicate>()
  for (const [name, value] of Object.entries(query)) {
    const [, group, number = '', kind, part = ''] = NAME.exec(name) ?? []
    if (kind === undefined) continue
    const into = group === undefined ? root : grouped
    const key = `${number}_${kind}`
    const predicate = into.get(key) ?? { kind, given: new Map() }
    predicate.given.set(part, value)
    into.set(key, predicate)
  }
  const conditions = [...root.values()].map(conditionOf)
  if (grouped.size > 0) conditions.push(groupOf([...grouped.values()].map(conditionOf), query))
  return conditions
}

const groupOf = (parts: readonly Condition[], query: Readonly<Record<string, string>>): Condition => {
  const isOr = query['group.p.or'] === 'true'
  const isNot = query['group.p.not'] === 'true'
  if (parts.length > 1 && !isOr && parts.every(({ property }) => property === undefined))
    throw new QueryRefused(400, 'A node has one name only')
  return {
    property: parts.find(({ property }) => property !== undefined)?.property,
    readsNodes: isNot || parts.some(({ readsNodes }) => readsNodes),
    holds: (asset) =>
      isNot !== (isOr ? parts.some((it) => it.holds(asset)) : parts.every((it) => it.holds(asset))),
  }
}

const conditionOf = ({ kind, given }: Predicate): Condition => {
  if (kind === 'nodename') return nameCondition(given.get('') ?? '')
  return kind === 'daterange' ? dateCondition(given) : propertyCondition(given)
}

/**
 * A node name with `*` for any text, `?` for one character and `[abc]` for one of these. Behind it is a LIKE, for which
 * `%` and `_` are the same as the first two. A quote ends its text.
 */
const nameCondition = (pattern: string): Condition => {
  if (/['"\\]/.test(pattern)) throw new QueryRefused(500, 'The name ends the statement behind the search')
  const source = pattern
    .replace(/[.+^${}()|]/g, '\\$&')
    .replaceAll(/[*%]/g, '.*')
    .replaceAll(/[?_]/g, '.')
  const test = new RegExp(`^${source}$`, 's')
  return {
    property: undefined,
    readsNodes: false,
    holds: ({ path }) => test.test(path.slice(path.lastIndexOf('/') + 1)),
  }
}

const propertyCondition = (given: Given): Condition => {
  const property = given.get('')
  const values = [...given].flatMap(([part, value]) => (/value$/.test(part) ? [value] : []))
  const operation = given.get('operation') ?? 'equals'
  if (property === undefined || (values.length === 0) !== (operation === 'not'))
    throw new QueryRefused(400, 'property and its values belong together')
  const has = holderOf(property)
  const base = { property, readsNodes: operation === 'not' }
  if (operation === 'not') return { ...base, holds: (asset) => has(asset).length === 0 }
  if (operation === 'equals')
    return { ...base, holds: (asset) => values.some((it) => has(asset).includes(it)) }
  if (operation !== 'like') throw new QueryRefused(400, `This stand-in has no operation ${operation}`)
  const tests = values.map(likeTest)
  return { ...base, holds: (asset) => has(asset).some((it) => tests.some((test) => test.test(it))) }
}

/** `jcr:like`: `%` is any text, `_` one character. Source: JCR 2.0, section 6.7.16. */
const likeTest = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.')}$`,
    's',
  )

/** Without their operations, both bounds are exclusive. */
const dateCondition = (given: Given): Condition => {
  const property = given.get('property')
  if (property === undefined) throw new QueryRefused(400, 'A daterange needs its property')
  const lower = boundOf(given.get('lowerBound'))
  const upper = boundOf(given.get('upperBound'))
  if (lower === undefined && upper === undefined) throw new QueryRefused(400, 'A daterange needs a bound')
  const lowerOperation = given.get('lowerOperation') ?? '>'
  const upperOperation = given.get('upperOperation') ?? '<'
  if (!['>', '>='].includes(lowerOperation) || !['<', '<='].includes(upperOperation))
    throw new QueryRefused(400, 'The operations of a daterange are >, >=, < and <=')
  const read = dateOf(property)
  return {
    property,
    readsNodes: false,
    ...(property === 'jcr:created'
      ? { span: { from: lower ?? 0, to: upper ?? Number.POSITIVE_INFINITY } }
      : {}),
    holds: (asset) => {
      const date = read(asset)
      if (date === undefined) return false
      if (lower !== undefined && (lowerOperation === '>' ? date <= lower : date < lower)) return false
      return upper === undefined || (upperOperation === '<' ? date < upper : date <= upper)
    },
  }
}

/** A date of ISO 8601, as far as a day, or the milliseconds since the epoch. */
const boundOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  const date = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(date)) throw new QueryRefused(400, `${text} is no date`)
  return date
}

const DATES: Record<string, string> = {
  'jcr:created': 'repo:createDate',
  'jcr:content/jcr:lastModified': 'repo:modifyDate',
  'jcr:content/cq:lastReplicated': 'aem:published',
  'jcr:content/cq:lastReplicated_publish': 'aem:published',
}

/** Reads a date of an asset, in milliseconds since the epoch. */
export const dateOf = (property: string): ((asset: AemAsset) => number | undefined) => {
  const field = DATES[property]
  if (field === undefined) throw new QueryRefused(400, `${property} is no date of an asset`)
  return ({ repositoryMetadata }) => {
    const date = Date.parse(String(repositoryMetadata[field]))
    return Number.isNaN(date) ? undefined : date
  }
}

const METADATA = /^jcr:content\/metadata\/(.+)$/

/** Reads the texts that an asset holds under a property. */
export const holderOf = (property: string): ((asset: AemAsset) => readonly string[]) => {
  if (property === 'jcr:uuid') return ({ uuid }) => [uuid]
  if (DATES[property] !== undefined) {
    const read = dateOf(property)
    return (asset) => [read(asset)].flatMap((it) => (it === undefined ? [] : [new Date(it).toISOString()]))
  }
  const name = METADATA.exec(property)?.[1]
  if (name === undefined) throw new QueryRefused(400, 'This property is of no asset')
  // Reading the second group of a generated asset makes it.
  return (asset) =>
    textsOf(asset.assetMetadata[name] ?? (name === 'dc:format' ? asset.repositoryMetadata[name] : undefined))
}

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((it) => typeof it === 'string')
