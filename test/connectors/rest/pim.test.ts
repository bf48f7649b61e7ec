import { startPim } from '../../../sandbox/pim'
import { restPim } from '../../../src/connectors/rest/pim'
import { createTestClock } from '../../support/test-clock'
import { describePim, type PimBench, type PimWriting } from '../kit/pim-conformance'
import { pimContext } from '../kit/pim-context'

const secret = 'pim-key-s3cret-4711'

async function start(
  path: string,
  product: string,
  identifier?: string,
  update: Readonly<Record<string, string>> = {},
): Promise<PimBench> {
  const clock = createTestClock()
  const server = await startPim({ clock, apiKey: secret })
  const inputs = {
    PIM_REST_URL: `${server.url}${path}`,
    PIM_REST_PRODUCT: product,
    PIM_REST_HEADERS: `X-Api-Key: ${secret}; Authorization: Bearer ${secret}`,
    ...(identifier === undefined ? {} : { PIM_REST_IDENTIFIER: identifier }),
    ...update,
    ...(update.PIM_REST_UPDATE_URL === undefined
      ? {}
      : { PIM_REST_UPDATE_URL: `${server.url}${update.PIM_REST_UPDATE_URL}` }),
  }
  const known = new Set<string>()
  const isWrite = (method: string): boolean => method !== 'GET'
  const writing: PimWriting = {
    attribute: 'color',
    held: (name) => server.product(name)?.color,
    products: () => known.size,
    writes: () => server.requests.filter(({ method }) => isWrite(method)).length,
    target: { method: update.PIM_REST_UPDATE_METHOD ?? 'PATCH' },
    refused: 'x'.repeat(201),
  }
  return {
    pim: restPim()(pimContext(inputs)),
    know: (name) => {
      known.add(name)
      server.setProduct(name)
    },
    requests: () => server.requests.length,
    strays: () =>
      server.requests
        .filter(({ method }) => !isWrite(method))
        .map((request) => request.path)
        .filter((asked) => !(path.startsWith('/search') ? /^\/search$/ : /^\/products\/[^/]+$/).test(asked)),
    faults: server.faults,
    refuseCredentials: () => server.faults.add({ fault: { kind: 'status', status: 401 } }),
    secrets: [secret],
    ...(update.PIM_REST_UPDATE_URL === undefined ? {} : { writing }),
    close: () => server.close(),
  }
}

describePim({
  name: 'rest, one product a request',
  start: () =>
    start('/products/{identifier}', '/data/product', undefined, {
      PIM_REST_UPDATE_URL: '/products/{identifier}',
    }),
})
describePim({
  name: 'rest, several products a request',
  start: () =>
    start('/search?sku={identifiers}', '/items', '/sku', {
      PIM_REST_UPDATE_URL: '/products',
      PIM_REST_UPDATE_METHOD: 'POST',
      PIM_REST_UPDATE_BODY: '{"products":[{"sku":"{identifier}","values":"{values}"}]}',
    }),
})
