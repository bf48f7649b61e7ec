import fc from 'fast-check'
import type { Asset } from '../../src/core/asset'
import type { JsonValue } from '../../src/core/json'
import type { Product } from '../../src/core/product'

/** An asset with what a test is about; all else is made up. */
export const assetWith = (about: Partial<Asset> = {}): Asset => ({
  origin: 'https://author-p1-e2.adobeaemcloud.com',
  id: 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
  path: '/content/dam/shop/lamp.png',
  name: 'lamp.png',
  metadata: {},
  repository: {},
  etag: '"1"',
  ...about,
})

export const productWith = (
  attributes: Readonly<Record<string, JsonValue>>,
  identifier = 'SKU-1',
): Product => ({
  identifier,
  attributes,
})

/** Own properties only, as JSON gives them: `__proto__` in it is a plain name. */
export const plain = (entries: Iterable<readonly [string, JsonValue]>): Record<string, JsonValue> =>
  Object.fromEntries(entries)

/** Names that mean something to JavaScript, to JSON Pointers or to nobody. */
export const propertyName = fc.oneof(
  fc.constantFrom('dc:title', 'wknd-skuid', 'a/b', 'a~b', 'a', 'b', 'c'),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'),
  fc.string({ minLength: 1, maxLength: 6 }),
)

const scalar = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('1', '01', 'true', '0x1', '1.0', ' ', '2030-01-02T00:00:00Z', '2030-01-02T01:00:00+01:00'),
  fc.integer({ min: -2, max: 2 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
)

/** What AEM may hold and a mapping may want. */
const metadataValue: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<JsonValue>(null, '', [], [null], ['']) },
  {
    weight: 1,
    arbitrary: fc.array(fc.tuple(propertyName, scalar), { maxLength: 2 }).map((entries) => plain(entries)),
  },
)

/** Metadata under any names. */
export const metadata = fc
  .array(fc.tuple(propertyName, metadataValue), { maxLength: 6 })
  .map((entries) => plain(entries))
