// A server for the tests only: put one in its place that refuses what yours refuses.
import { startPim } from '../../sandbox/pim'
import { describePim } from '../../test/connectors/kit/pim-conformance'
import { pimContext } from '../../test/connectors/kit/pim-context'
import { createTestClock } from '../../test/support/test-clock'
import { catalogPim } from './pim'

describePim({
  name: 'catalog',
  start: async () => {
    const apiKey = 'key-of-the-test-4711'
    const server = await startPim({ clock: createTestClock(), apiKey })
    return {
      pim: catalogPim()(pimContext({ CATALOG_URL: server.url, CATALOG_API_KEY: apiKey })),
      know: (sku) => server.setProduct(sku),
      requests: () => server.requests.length,
      strays: () => server.requests.map(({ path }) => path).filter((path) => path !== '/search'),
      faults: server.faults,
      refuseCredentials: () => server.faults.add({ fault: { kind: 'status', status: 401 } }),
      secrets: [apiKey],
      close: server.close,
    }
  },
})
