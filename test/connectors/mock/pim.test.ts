import { createFaults } from '../../../sandbox/faults'
import { mockPim } from '../../../src/connectors/mock/pim'
import { startCall } from '../../support/call'
import { describePim } from '../kit/pim-conformance'
import { pimContext } from '../kit/pim-context'

describePim({
  name: 'mock',
  limits: { alwaysAnswers: true, callsNobody: true },
  start: async () => ({
    pim: mockPim()(pimContext()),
    know: () => undefined,
    requests: () => 0,
    strays: () => [],
    faults: createFaults(),
    refuseCredentials: () => undefined,
    secrets: [],
    close: async () => undefined,
  }),
})

test('the mock gives the same product for whatever is asked', async () => {
  const refs = ['a', 'b'].map((value) => ({ kind: 'identifier', value }) as const)
  expect(await mockPim()(pimContext()).getProducts(refs, startCall().signal)).toEqual([
    { identifier: 'MockSKU 123', attributes: { SKUID: 'MockSKU 123', SupplierName: 'mock-supplier' } },
  ])
})
