import { startPim } from '../../../sandbox/pim'
import { restPim } from '../../../src/connectors/rest/pim'
import { createTestClock } from '../../support/test-clock'
import { describePim, type PimBench } from '../kit/pim-conformance'
import { pimContext } from '../kit/pim-context'

const secret = 'pim-key-s3cret-4711'

async function start(path: string, product: string, identifier?: string): Promise<PimBench> {
  const clock = createTestClock()
  const server = await startPim({ clock, apiKey: secret })
  const inputs = {
    PIM_REST_URL: `${server.url}${path}`,
    PIM_REST_PRODUCT: product,
    PIM_REST_HEADERS: `X-Api-Key: ${secret}; Authorization: Bearer ${secret}`,
    ...(identifier === undefined ? {} : { PIM_REST_IDENTIFIER: identifier }),
  }
  return {
    pim: restPim()(pimContext(inputs)),
    know: (name) => server.setProduct(name),
    requests: () => server.requests.length,
    strays: () =>
      server.requests
        .map((request) => request.path)
        .filter((asked) => !(path.startsWith('/search') ? /^\/search$/ : /^\/products\/[^/]+$/).test(asked)),
    faults: server.faults,
    refuseCredentials: () => server.faults.add({ fault: { kind: 'status', status: 401 } }),
    secrets: [secret],
    close: () => server.close(),
  }
}

describePim({
  name: 'rest, one product a request',
  start: () => start('/products/{identifier}', '/data/product'),
})
describePim({
  name: 'rest, several products a request',
  start: () => start('/search?sku={identifiers}', '/items', '/sku'),
})
