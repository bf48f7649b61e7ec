import { isBlank, sameValue } from '../../metadata/values'
import type { FactValue, PimFactory } from '../../plugin/pim'

const identifier = 'MockSKU 123'

/**
 * A PIM for trying the app out: every product is the same one. What is written to it is kept by the container, and
 * comes back from then on.
 */
export const mockPim = (): PimFactory => () => {
  const held = new Map<string, FactValue>([
    ['SKUID', identifier],
    ['SupplierName', 'mock-supplier'],
  ])

  return {
    name: 'mock',
    isAskedForEach: true,
    getProducts: async (refs) =>
      refs.length === 0 ? [] : [{ identifier, attributes: Object.fromEntries(held) }],
    updateProducts: async (changes, call) =>
      changes.map(({ values }) => {
        const different = Object.entries(values).filter(
          ([name, value]) =>
            !(isBlank(value) && !held.has(name)) && !sameValue(held.get(name) ?? null, value),
        )
        for (const [name, value] of different) {
          if (isBlank(value)) held.delete(name)
          else held.set(name, value)
        }
        if (different.length === 0) return { kind: 'unchanged' }
        call.logger.info('the mock keeps what it was told', { attributes: different.map(([name]) => name) })
        return { kind: 'updated' }
      }),
    // Nothing ever changes here by itself.
    changesSince: async function* () {
      yield { products: [], cursor: 'unchanged' }
    },
    check: async () => [{ what: 'Read a product of the mock.', ok: true }],
  }
}
