import { rulesHash } from '../../../src/flows/enrich/rules-hash'
import { text } from '../../../src/inputs/shapes'
import { everyAttribute, type MappingRule } from '../../../src/metadata/mapping'
import { fromFileName, fromProperty, type Matcher } from '../../../src/metadata/matching'
import { defineEnrichment, type Enrichment } from '../../../src/plugin/enrichment'
import { pimWith } from '../../../src/plugin/pim'

const pim = pimWith(
  {
    inputs: {
      PIM_LOCALE: { meaning: 'A locale.', default: 'en', shape: text },
      PIM_TOKEN: { meaning: 'A token.', secret: true, shape: text },
    },
  },
  () => {
    throw new Error('nobody asks it')
  },
)

const usual = defineEnrichment({
  communicators: { one: pim, other: pim },
  linkProperty: 'sku',
  matching: [fromProperty('sku'), fromFileName()],
  mapping: [everyAttribute('x-'), { property: 'dc:title', attribute: 'name' }],
})

const hashOf = (about: Partial<Enrichment> = {}, inputs: Record<string, string> = {}, name = 'one'): string =>
  rulesHash({ ...usual, ...about }, name, { input: (one) => inputs[one] })

const withRule = (rule: MappingRule): string => hashOf({ mapping: [...usual.mapping, rule] })
const withMatcher = (matcher: Matcher): string => hashOf({ matching: [matcher] })

test('the same rules have the same hash, whatever the order of names, and whatever the secrets are', () => {
  expect(hashOf()).toMatch(/^[0-9a-f]{64}$/)
  expect(hashOf({ mapping: [everyAttribute('x-'), { attribute: 'name', property: 'dc:title' }] })).toBe(
    hashOf(),
  )
  expect(hashOf({}, { PIM_TOKEN: 'secret', PIM_LOCALE: 'en', OTHER: 'x' })).toBe(hashOf())
})

test('what decides what is written moves the hash', () => {
  const all = [
    hashOf(),
    hashOf({ linkProperty: 'article' }),
    hashOf({ deletedProperty: 'gone' }),
    hashOf({ mapping: usual.mapping.toReversed() }),
    hashOf({ mapping: [everyAttribute('y-')] }),
    // The prefix is told to no one: only what the function gives differs.
    ...['a', 'b'].map((begin) => withRule({ everyAttribute: (attribute) => `${begin}${attribute}` })),
    withRule({ property: 'p', compute: () => 1 }),
    withRule({ property: 'p', compute: () => 2 }),
    withRule({ property: 'p', attribute: 'a', type: 'integer' }),
    withRule({ property: 'p', attribute: 'a', type: 'integer', owner: 'edited' }),
    withRule({ property: 'p', attribute: 'a', type: 'integer', owner: 'aem' }),
    hashOf({ skip: [{ path: '/content/dam/raw' }] }),
    hashOf({ skip: () => true }),
    hashOf({ syncProperty: 'sync' }),
    hashOf({ writtenProperty: 'written' }),
    withRule({ property: 'p', value: ['a'] }),
    withMatcher(fromProperty('sku')),
    withMatcher(fromProperty('sku', 'uuid')),
    withMatcher(fromFileName(/(\d+)/)),
    withMatcher(fromFileName(/(\d+)/g)),
    hashOf({}, { PIM_LOCALE: 'de' }),
    hashOf({}, {}, 'other'),
  ]
  expect(new Set(all).size).toBe(all.length)
})

test('a rule that throws for what is made up has a hash, too', () => {
  const matcher: Matcher = {
    name: 'own',
    refs: () => {
      throw new Error('no such asset')
    },
  }
  expect(withMatcher(matcher)).toMatch(/^[0-9a-f]{64}$/)
})
