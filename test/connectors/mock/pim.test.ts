import { createFaults } from '../../../sandbox/faults'
import { mockPim } from '../../../src/connectors/mock/pim'
import { startCall } from '../../support/call'
import { describePim } from '../kit/pim-conformance'
import { pimContext } from '../kit/pim-context'

describePim({
  name: 'mock',
  limits: { alwaysAnswers: true, callsNobody: true },
  start: async () => {
    const pim = mockPim()(pimContext())
    const read = () => pim.getProducts([{ kind: 'identifier', value: 'any' }], startCall())
    let color: unknown
    return {
      pim: {
        ...pim,
        updateProducts: async (changes, call) => {
          const updates = await pim.updateProducts?.(changes, call)
          color = (await read())[0]?.attributes.color
          return updates ?? []
        },
      },
      know: () => undefined,
      requests: () => 0,
      strays: () => [],
      faults: createFaults(),
      refuseCredentials: () => undefined,
      secrets: [],
      writing: {
        attribute: 'color',
        held: () => color,
        products: () => 1,
        writes: () => 0,
        target: {},
      },
      close: async () => undefined,
    }
  },
})

test('the mock gives the same product for whatever is asked', async () => {
  const refs = ['a', 'b'].map((value) => ({ kind: 'identifier', value }) as const)
  expect(await mockPim()(pimContext()).getProducts(refs, startCall())).toEqual([
    { identifier: 'MockSKU 123', attributes: { SKUID: 'MockSKU 123', SupplierName: 'mock-supplier' } },
  ])
})
