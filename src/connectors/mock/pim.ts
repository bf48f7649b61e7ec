import type { PimFactory } from '../../plugin/pim'

/** A PIM for trying the app out: every product is the same one. */
export const mockPim = (): PimFactory => () => ({
  name: 'mock',
  isAskedForEach: true,
  getProducts: async (refs) =>
    refs.length === 0
      ? []
      : [
          {
            identifier: 'MockSKU 123',
            attributes: { SKUID: 'MockSKU 123', SupplierName: 'mock-supplier' },
          },
        ],
  // Nothing ever changes here.
  changesSince: async function* () {
    yield { products: [], cursor: 'unchanged' }
  },
  check: async () => [{ what: 'Read a product of the mock.', ok: true }],
})
