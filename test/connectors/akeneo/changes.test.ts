import fc from 'fast-check'
import { rejection, startCall } from '../../support/call'
import { type AkeneoBench, changes, startBench } from './pim-bench'

const minute = 60_000
const inputs = { AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' }

let bench: AkeneoBench
beforeEach(async () => {
  bench = await startBench(inputs)
})
afterEach(() => bench.close())

const know = (count: number, prefix = 'SKU-') => {
  const identifiers = Array.from({ length: count }, (_, index) => `${prefix}${index}`)
  for (const identifier of identifiers) bench.server.catalogue.setProduct(identifier)
  return identifiers
}
const identifiersOf = (pages: Awaited<ReturnType<typeof changes>>) =>
  pages.flatMap(({ products }) => products.map(({ identifier }) => identifier)).sort()

test('without a cursor all products come, a hundred on a page', async () => {
  const identifiers = know(230)
  const pages = await changes(bench.fresh())
  expect(pages.map(({ products }) => products.length)).toEqual([100, 100, 30])
  expect(identifiersOf(pages)).toEqual(identifiers.sort())
  expect(bench.server.requests.at(-1)?.query).not.toHaveProperty('search')
})

test('a page that is too large comes in smaller ones, and the poll gets to its end', async () => {
  const text = 'x'.repeat(120_000)
  const identifiers = Array.from({ length: 110 }, (_, index) => `BIG-${index}`)
  for (const sku of identifiers) {
    bench.server.catalogue.setProduct(sku, {
      values: { supplier: [{ locale: null, scope: null, data: text }] },
    })
  }
  const pages = await changes(bench.fresh())
  expect(identifiersOf(pages)).toEqual(identifiers.sort())
  expect(pages.map(({ products }) => products.length)).toEqual([50, 50, 10])
})

test('with the cursor of the last page only what has changed since comes', async () => {
  know(5)
  bench.clock.advance(60 * minute)
  const pim = bench.fresh()
  const cursor = (await changes(pim)).at(-1)?.cursor
  bench.clock.advance(60 * minute)
  bench.server.catalogue.setProduct('SKU-3')
  bench.server.catalogue.setProduct('NEW')
  expect(identifiersOf(await changes(pim, cursor))).toEqual(['NEW', 'SKU-3'])
})

test('nothing new is one page without products, and a cursor that moves on', async () => {
  const pim = bench.fresh()
  const [first] = await changes(pim)
  bench.clock.advance(60 * minute)
  const [second, ...others] = await changes(pim, first?.cursor)
  expect(others).toEqual([])
  expect(second?.products).toEqual([])
  expect(Date.parse(second?.cursor ?? '') - Date.parse(first?.cursor ?? '')).toBe(60 * minute)
})

test('what was changed while the poll before was under way, or little before it, comes again', async () => {
  know(150)
  const pim = bench.fresh()
  bench.clock.advance(60 * minute)
  bench.server.catalogue.setProduct('BEFORE')
  bench.clock.advance(5 * minute)
  bench.server.settings.duringCall = async () => {
    bench.clock.advance(minute)
    bench.server.catalogue.setProduct('DURING')
  }
  const pages = await changes(pim)
  bench.server.settings.duringCall = undefined
  bench.clock.advance(60 * minute)
  expect(identifiersOf(await changes(pim, pages.at(-1)?.cursor))).toEqual(['BEFORE', 'DURING'])
})

test('a variant comes when the model above it changed', async () => {
  const { catalogue } = bench.server
  catalogue.setModel('lamp')
  catalogue.setProduct('LAMP-7', { parent: 'lamp' })
  bench.clock.advance(60 * minute)
  const pim = bench.fresh()
  const cursor = (await changes(pim)).at(-1)?.cursor
  bench.clock.advance(60 * minute)
  expect(identifiersOf(await changes(pim, cursor))).toEqual([])
  catalogue.setModel('lamp')
  expect(identifiersOf(await changes(pim, cursor))).toEqual(['LAMP-7'])
})

test('an instant by itself is a cursor', async () => {
  know(3)
  bench.clock.advance(60 * minute)
  bench.server.catalogue.setProduct('LATE')
  const since = new Date(bench.clock.now() - 30 * minute).toISOString()
  expect(identifiersOf(await changes(bench.fresh(), since))).toEqual(['LATE'])
  expect(bench.server.requests.at(-1)?.query.search).toMatch(/"value":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"/)
})

test.each(['x', '', '7 8', '2030-01-01T00:00:00.000Z x y', 'all 2030-01-01T00:00:00.000Z '])(
  'a cursor of somebody else (%j) is a matter for the operator',
  async (cursor) => {
    expect(await rejection(changes(bench.fresh(), cursor))).toMatchObject({
      code: 'PIM_CURSOR_INVALID',
      failureClass: 'systemic',
    })
  },
)

test('ends with the time of the call, between pages, too', async () => {
  know(230)
  const [call, reason] = [startCall(), new Error('the time is up')]
  const pages = bench.fresh().changesSince?.(undefined, call.signal)[Symbol.asyncIterator]()
  expect((await pages?.next())?.value.products).toHaveLength(100)
  call.abort(reason)
  expect(await rejection(Promise.resolve(pages?.next()))).toBe(reason)
})

test.each(['saas', '7.0', '6.0'] as const)(
  'a poll that stops anywhere, and goes on in another container, loses no product (%s)',
  async (edition) => {
    bench.server.settings.edition = edition
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 320 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (count, stops, isSince) => {
          bench.server.catalogue.products.clear()
          const old = know(7, 'OLD-')
          bench.clock.advance(60 * minute)
          const since = isSince ? new Date(bench.clock.now() - minute).toISOString() : undefined
          const expected = know(count, 'NEW ITEM ')
          if (!isSince) expected.push(...old)

          const started = bench.clock.now()
          const seen: string[] = []
          let cursor = since
          for (const stop of [...stops, Number.POSITIVE_INFINITY]) {
            let left = stop
            let isDone = true
            for await (const page of bench.fresh().changesSince?.(cursor, startCall().signal) ?? []) {
              seen.push(...page.products.map(({ identifier }) => identifier))
              cursor = page.cursor
              left -= 1
              isDone = !cursor.includes(' ')
              if (left === 0) break
            }
            if (isDone) break
            bench.clock.advance(1_000)
          }
          expect(seen.sort()).toEqual(expected.sort())
          // The end of a poll is an instant: the begin of the next one.
          expect(Date.parse(cursor ?? '')).toBe(started - 10 * minute)
        },
      ),
      { numRuns: 25 },
    )
  },
)
