import type { Asset } from '../../src/core/asset'
import { createKeptReads } from '../../src/flows/kept-reads'
import { createTestClock } from '../support/test-clock'

const origin = 'https://author.example.com'
const assetOf = (name: string, metadata: Asset['metadata'] = {}): Asset => ({
  ...{ origin, id: `urn:aaid:aem:${name}`, path: `/content/dam/${name}`, name, etag: '"1"' },
  ...{ metadata, repository: {} },
})
const text = (bytes: number) => ({ 'dc:description': 'x'.repeat(bytes) })

it('gives an asset once, by its id or, without one, by its path', () => {
  const reads = createKeptReads(createTestClock())
  const [lamp, sofa] = [assetOf('lamp.png'), assetOf('sofa.png')]
  reads.keep(lamp)
  reads.keep(sofa)
  expect(reads.take({ origin, id: lamp.id, path: '/content/dam/elsewhere.png' })).toBe(lamp)
  expect(reads.take({ origin, id: lamp.id })).toBeUndefined()
  expect(reads.take({ origin: 'https://other.example.com', id: sofa.id })).toBeUndefined()
  expect(reads.take({ origin, path: sofa.path })).toBe(sofa)
})

it('gives nothing that was read more than half a minute ago', () => {
  const clock = createTestClock()
  const reads = createKeptReads(clock)
  const lamp = assetOf('lamp.png')
  reads.keep(lamp)
  clock.advance(30_000)
  expect(reads.take(lamp)).toBe(lamp)
  reads.keep(lamp)
  clock.advance(30_001)
  expect(reads.take(lamp)).toBeUndefined()
})

it('an asset of which AEM tells no path is not found by one', () => {
  const reads = createKeptReads(createTestClock())
  reads.keep({ ...assetOf('lamp.png'), path: '' })
  expect(reads.take({ origin, path: '' })).toBeUndefined()
})

it('keeps nothing that is large, and not too much', () => {
  const reads = createKeptReads(createTestClock())
  const large = assetOf('large.png', text(64 * 1024))
  reads.keep(large)
  expect(reads.take(large)).toBeUndefined()
  const many = Array.from({ length: 100 }, (_, index) => assetOf(`${index}.png`, text(60 * 1024)))
  for (const asset of many) reads.keep(asset)
  expect(many.filter((asset) => reads.take(asset) !== undefined).length).toBe(34)
})

it('has the last state of an asset', () => {
  const reads = createKeptReads(createTestClock())
  const [before, after] = [assetOf('lamp.png'), assetOf('lamp.png', { 'dc:title': 'A lamp' })]
  reads.keep(before)
  reads.keep(after)
  expect(reads.take(before)).toBe(after)
  expect(reads.take(before)).toBeUndefined()
})
