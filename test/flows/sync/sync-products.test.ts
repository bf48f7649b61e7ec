import { systemClock } from '../../../src/core/clock'
import { permanentError } from '../../../src/core/errors'
import type { ProductRef } from '../../../src/core/product'
import { createRedactor } from '../../../src/core/redaction'
import type { FlowContext } from '../../../src/flows/event-flow'
import { type SyncParts, syncProducts } from '../../../src/flows/sync/sync-products'
import { createMemoryGate } from '../../../src/http/memory-gate'
import { startCall } from '../../support/call'
import { createMemoryStore } from '../../support/memory-store'
import { recordsOn } from '../export/export-bench'

const notAsked = () => Promise.reject(new Error('it is not asked'))

/** Of products that no asset shows, at a PIM that cannot answer for one model. */
function setup(badModel: string) {
  const asked: string[][] = []
  const parts: SyncParts = {
    assets: { readAsset: notAsked, patchMetadata: notAsked, renditionNames: notAsked },
    search: { find: async function* () {}, any: notAsked },
    origins: [],
    pim: {
      name: 'test',
      getProducts: async (refs) => {
        asked.push(refs.map(({ value }) => value))
        if (refs.some(({ value }) => value === badModel))
          throw permanentError('PIM_REFUSED', 'it cannot be answered for')
        return []
      },
      check: async () => [],
    },
    enrichment: { linkProperty: 'wknd-skuid', matching: [], mapping: [] },
    clock: systemClock,
    random: () => 0,
    memory: createMemoryGate(),
  }
  const context: FlowContext = {
    inputs: {},
    redactor: createRedactor(),
    clock: systemClock,
    call: startCall(),
    activationId: 'a',
    action: 'pim-sync',
    trigger: 'push',
    ...recordsOn(createMemoryStore(systemClock)),
    runtime: undefined,
  }
  return { asked, sync: (refs: readonly ProductRef[]) => syncProducts(refs, parts, context) }
}

const products = ['p', 'q'].map((value): ProductRef => ({ kind: 'uuid', value }))
const model = (value: string): ProductRef => ({ kind: 'model', value })

test('a model that the PIM cannot answer for keeps no other product from being asked for', async () => {
  const { asked, sync } = setup('bad')
  await expect(sync([...products, model('bad')])).rejects.toMatchObject({ code: 'PIM_REFUSED' })
  expect(asked).toEqual([['p', 'q', 'bad'], ['p', 'q'], ['bad']])
})

test('models go in one call with the others where all can be answered for', async () => {
  const { asked, sync } = setup('bad')
  await sync([...products, model('m')])
  expect(asked).toEqual([['p', 'q', 'm']])
})
