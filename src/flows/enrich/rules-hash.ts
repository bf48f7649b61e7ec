import { createHash } from 'node:crypto'
import type { Asset } from '../../core/asset'
import { messageOf } from '../../core/shown'
import type { InputSource } from '../../inputs/values'
import type { Enrichment } from '../../plugin/enrichment'

const name = 'Probe-1_2 (3).png'
const path = `/content/dam/probe/${name}`
/** Names as PIMs give them to attributes. */
const attributes = ['name', 'SKUID', 'Supplier-Name', 'price_eur', 'a.b', '1']

/**
 * Identifies the rules of enrichment: link property, matching, mapping, the communicator, and the inputs of it that are
 * no secrets. Equal hashes mean the same rules as far as a program can see them: the source of a function counts, and
 * what matchers and `everyAttribute` give for a few made-up names. What a function calls or closes over beyond that, and
 * the options that a communicator was created with in config/, do not count. Another compiler or loader writes functions
 * in another way, so different hashes may stand for the same rules.
 * @param pim the value of PIM_COMMUNICATOR
 * @returns SHA-256, in hex
 */
export function rulesHash(enrichment: Enrichment, pim: string, { input }: InputSource): string {
  const { linkProperty, deletedProperty = null, matching, mapping, communicators, inputs = {} } = enrichment
  const { writtenProperty, syncProperty, skip, tellPim, roles } = enrichment
  const communicator = Object.hasOwn(communicators, pim) ? communicators[pim] : undefined
  const declared = { ...communicator?.inputs, ...inputs }
  const settings = Object.keys(declared)
    .filter((one) => declared[one]?.secret === undefined)
    .sort()
    .map((one) => [one, input(one) ?? declared[one]?.default ?? null])
  const rules = {
    linkProperty,
    deletedProperty,
    matching: matching.map((matcher) => [
      described(matcher),
      attempted(() => matcher.refs(probe(matcher.reads ?? []))),
    ]),
    mapping: mapping.map((rule) => [
      described(rule),
      'everyAttribute' in rule ? attributes.map((one) => attempted(() => rule.everyAttribute(one))) : [],
    ]),
    pim,
    settings,
    // What is not given is no part of the text: so a hash of an older version holds.
    writtenProperty,
    syncProperty,
    skip: skip === undefined ? undefined : described(skip),
    tellPim: tellPim === undefined ? undefined : described(tellPim),
    roles: roles === undefined ? undefined : described(roles),
  }
  return createHash('sha256').update(JSON.stringify(rules)).digest('hex')
}

const probe = (properties: readonly string[]): Asset => ({
  origin: 'https://author.example.com',
  id: 'urn:aaid:aem:00000000-0000-4000-8000-000000000000',
  path,
  name,
  metadata: Object.fromEntries(properties.map((property) => [property, `of ${property}`])),
  repository: {},
  etag: '"probe"',
})

function attempted(work: () => unknown): unknown {
  try {
    return work() ?? null
  } catch (thrown) {
    return { throws: messageOf(thrown) }
  }
}

const maxDepth = 8

/** A value with its functions and patterns, in a form that JSON carries; the order of an object's names does not count. */
function described(value: unknown, depth = 0): unknown {
  if (typeof value === 'function') return { function: String(value) }
  if (value instanceof RegExp) return { pattern: String(value) }
  if (typeof value !== 'object' || value === null) return value ?? null
  if (depth === maxDepth) return '...'
  if (Array.isArray(value)) return value.map((item) => described(item, depth + 1))
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, described(item, depth + 1)]))
}
