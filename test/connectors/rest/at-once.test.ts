import { restPim } from '../../../src/connectors/rest/pim'
import { startCall } from '../../support/call'
import { type HeldServer, startHeldServer } from '../../support/held-server'
import { createTestClock } from '../../support/test-clock'
import { pimContext } from '../kit/pim-context'

let reads: HeldServer
beforeEach(async () => {
  reads = await startHeldServer(createTestClock())
})
afterEach(() => reads.close())

const product = '{"sku":"lamp","watts":60}'
const refs = Array.from(
  { length: 60 },
  (_, index) => ({ kind: 'identifier', value: `sku-${index}` }) as const,
)
const pimWith = (options: Parameters<typeof restPim>[0]) =>
  restPim(options)(pimContext({ PIM_REST_URL: `${reads.url}/products/{identifier}` }))

test.each([
  ['by default', {}, 4, 8],
  ['with concurrency: 5', { concurrency: 5 }, 4, 5],
  ['with concurrency: 2', { concurrency: 2 }, 2, 2],
])('%s a service gets few requests at once, and more while it keeps up', async (_, options, first, last) => {
  const asked = pimWith(options).getProducts(refs, startCall())
  asked.catch(() => undefined)
  let count = first
  for (let round = 0; round < 5; round++) {
    count = await reads.underWay(count)
    if (round === 0) expect(count).toBe(first)
    reads.answerAll(product)
  }
  expect(await reads.underWay(count)).toBe(last)
  await reads.close()
  await Promise.allSettled([asked])
})
