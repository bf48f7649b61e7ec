import type { Product, ProductChange, ProductRef } from '../../../src/core/product'
import { batchQueries } from '../../../src/flows/sync/batch-queries'
import type { PimCommunicator } from '../../../src/plugin/pim'
import { startCall } from '../../support/call'

const never = startCall()
const byName = (...values: string[]): ProductRef[] => values.map((value) => ({ kind: 'identifier', value }))
const product = (identifier: string): Product => ({ identifier, attributes: {} })

function setup(
  answer: (refs: readonly ProductRef[]) => readonly Product[],
  more: Pick<PimCommunicator, 'isAskedForEach'> = {},
) {
  const asked: string[][] = []
  const pim: PimCommunicator = {
    name: 'test',
    ...more,
    getProducts: async (refs) => {
      asked.push(refs.map(({ value }) => value))
      return answer(refs)
    },
    check: async () => [],
  }
  const clock = { now: () => 0, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) }
  const shared = batchQueries(pim, { clock, windowMs: 50, maxWaiting: 3, call: never })
  const ask = async (...refs: ProductRef[]) =>
    (await shared.getProducts(refs, never)).map(({ identifier }) => identifier)
  return { asked, ask }
}

const catalogue =
  (...known: string[]) =>
  (refs: readonly ProductRef[]) =>
    known.filter((name) => refs.some(({ value }) => value.toLowerCase() === name.toLowerCase())).map(product)

test('what several ask within a moment is one call, and each gets its own', async () => {
  const { asked, ask } = setup(catalogue('a', 'b'))
  const answers = await Promise.all([ask(...byName('a')), ask(...byName('b', 'a'))])

  expect(answers).toEqual([['a'], ['a', 'b']])
  expect(asked).toEqual([['a', 'b']])
})

test('a PIM whose products have other identifiers is asked for each asset, though one asset has learned such a one', async () => {
  const { asked, ask } = setup(() => [product('same')], { isAskedForEach: true })

  expect(await Promise.all([ask(...byName('a')), ask(...byName('same', 'b'))])).toEqual([['same'], ['same']])
  expect(asked).toEqual([['a'], ['same', 'b']])
})

test('what else the communicator knows of its attributes is passed on, that of a class, too', async () => {
  class Own {
    name = 'own'
    getProducts = async () => []
    async check() {
      return []
    }
    async unknownAttributes(names: readonly string[]) {
      return names.filter((name) => name !== this.name)
    }
    knownAttributes() {
      return [this.name]
    }
  }
  const clock = { now: () => 0, sleep: async () => undefined }
  const batched = (pim: PimCommunicator) =>
    batchQueries(pim, { clock, windowMs: 50, maxWaiting: 3, call: never })
  const shared = batched(new Own())
  expect(await shared.unknownAttributes?.(['own', 'other'], never)).toEqual(['other'])
  expect(shared.knownAttributes?.()).toEqual(['own'])
  const plain = batched({ name: 'plain', getProducts: async () => [], check: async () => [] })
  expect([plain.unknownAttributes, plain.knownAttributes]).toEqual([undefined, undefined])
})

test('nothing is remembered: who asks later makes the PIM look again', async () => {
  const { asked, ask } = setup(catalogue('a'))
  await Promise.all([ask(...byName('a')), ask(...byName('a'))])
  await ask(...byName('a'))

  expect(asked).toEqual([['a'], ['a']])
})

test('enough of them do not wait for the moment', async () => {
  const { asked, ask } = setup(catalogue('a', 'b', 'c', 'd'))
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => ask(...byName(name))))

  expect(asked).toEqual([['a', 'b', 'c'], ['d']])
})

test('a product in another case goes to all that asked for it', async () => {
  const { ask } = setup(catalogue('LAMP'))
  expect(await Promise.all([ask(...byName('lamp')), ask(...byName('x'))])).toEqual([['LAMP'], []])
  expect(await Promise.all([ask(...byName('lamp')), ask(...byName('LAMP'))])).toEqual([['LAMP'], ['LAMP']])
})

test('a PIM that answers with names of its own is asked by each alone', async () => {
  const { asked, ask } = setup(() => [product('MockSKU 123')])
  expect(await Promise.all([ask(...byName('a')), ask(...byName('b'))])).toEqual([
    ['MockSKU 123'],
    ['MockSKU 123'],
  ])
  expect(asked).toEqual([['a', 'b'], ['a'], ['b']])
})

test('uuids and models are asked for by themselves', async () => {
  const { asked, ask } = setup(() => [product('a')])
  const model: ProductRef = { kind: 'model', value: 'm' }
  expect(await Promise.all([ask(model), ask(...byName('a'))])).toEqual([['a'], ['a']])
  expect(asked).toContainEqual(['m'])
})

test('a failure reaches everyone who asked, and nobody else', async () => {
  let fails = true
  const { ask } = setup((refs) => {
    if (fails) throw new Error('down')
    return catalogue('a')(refs)
  })
  const ends = await Promise.allSettled([ask(...byName('a')), ask(...byName('b'))])
  fails = false

  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ask(...byName('a'))).toEqual(['a'])
})

test('changes that were refused together are sent again, one of each product in a call, and no others', async () => {
  const calls: string[][] = []
  const isBad = ({ values }: ProductChange): boolean => values.color === 'bad'
  const pim: PimCommunicator = {
    name: 'test',
    getProducts: async () => [],
    // As a PIM that takes all that is said of a product as one.
    updateProducts: async (changes) => {
      calls.push(changes.map(({ ref }) => ref.value))
      return changes.map(({ ref }) =>
        changes.some((one) => one.ref.value === ref.value && isBad(one))
          ? { kind: 'refused', code: 'NO', reason: 'bad' }
          : { kind: 'updated' },
      )
    },
    check: async () => [],
  }
  const clock = { now: () => 0, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) }
  const shared = batchQueries(pim, { clock, windowMs: 50, maxWaiting: 3, call: never })
  const tell = async (value: string, color: string) => {
    const change: ProductChange = { ref: { kind: 'identifier', value }, values: { color } }
    return (await shared.updateProducts?.([change], never))?.map(({ kind }) => kind)
  }
  const ends = await Promise.all([
    ...[tell('a', 'red'), tell('a', 'bad'), tell('b', 'bad'), tell('b', 'red')],
    ...[tell('c', 'bad'), tell('d', 'red')],
  ])

  expect(ends.flat()).toEqual(['updated', 'refused', 'refused', 'updated', 'refused', 'updated'])
  expect(calls).toEqual([
    ['a', 'a', 'b', 'b', 'c', 'd'],
    ['a', 'b'],
    ['a', 'b'],
  ])
})

test('changes that the first call took are done, whatever becomes of those that are sent again', async () => {
  let calls = 0
  const pim: PimCommunicator = {
    name: 'test',
    getProducts: async () => [],
    updateProducts: async (changes) => {
      calls += 1
      if (calls > 1) throw new Error('down')
      return changes.map(({ ref }) =>
        ref.value === 'a' ? { kind: 'refused', code: 'NO', reason: 'bad' } : { kind: 'updated' },
      )
    },
    check: async () => [],
  }
  const clock = { now: () => 0, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) }
  const shared = batchQueries(pim, { clock, windowMs: 50, maxWaiting: 3, call: never })
  const tell = (value: string) =>
    shared.updateProducts?.([{ ref: { kind: 'identifier', value }, values: {} }], never)
  const ends = await Promise.allSettled([tell('a'), tell('b'), tell('a')])

  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected'])
})
