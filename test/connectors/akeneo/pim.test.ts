import { startAkeneo } from '../../../sandbox/akeneo/akeneo'
import { akeneoPim } from '../../../src/connectors/akeneo/pim'
import { createTestClock } from '../../support/test-clock'
import { describePim, type PimBench } from '../kit/pim-conformance'
import { pimContext } from '../kit/pim-context'

const clientSecret = 'client-s3cret-4711+/='
const password = 'passw0rd-0815:ä'
const appToken = 'app-t0ken-2342'

/** What Akeneo itself would not take as an identifier cannot become known. */
const ignoreImpossible = (work: () => unknown): void => {
  try {
    work()
  } catch (thrown) {
    if (!String(thrown).includes('takes no identifier')) throw thrown
  }
}

async function start(edition: 'saas' | '7.0' | '6.0', credentials: 'connection' | 'app'): Promise<PimBench> {
  const server = await startAkeneo({
    clock: createTestClock(),
    credentials: { clientSecret, password },
    appToken,
    settings: { edition },
  })
  const inputs = credentials === 'app' ? { AKENEO_URL: server.url, AKENEO_TOKEN: appToken } : server.inputs()
  return {
    pim: akeneoPim()(pimContext(inputs)),
    know: (name) => ignoreImpossible(() => server.catalogue.setProduct(name)),
    requests: () => server.requests.length,
    strays: () =>
      server.requests
        .map(({ path }) => path)
        .filter((path) => !/\/(token|channels|attributes|products|products-uuid|search)$/.test(path)),
    // The token endpoint has tests of its own.
    faults: { ...server.faults, add: (rule) => server.faults.add({ path: '/api/rest/', ...rule }) },
    refuseCredentials: () => {
      server.oauth.credentials = { ...server.oauth.credentials, password: 'another one' }
      server.oauth.revokeAll()
    },
    secrets: [
      clientSecret,
      password,
      appToken,
      Buffer.from(`1_sandboxclient:${clientSecret}`).toString('base64'),
    ],
    writing: {
      attribute: 'supplier',
      held: (name) => server.catalogue.bySku(name)?.values.supplier?.[0]?.data,
      products: () => server.catalogue.products.size,
      writes: () => server.requests.filter(({ method }) => method === 'PATCH').length,
      target: { method: 'PATCH', path: '/api/rest/' },
      refused: 'x'.repeat(300),
    },
    close: () => server.close(),
  }
}

describePim({ name: 'akeneo, SaaS, a connection', start: () => start('saas', 'connection') })
describePim({ name: 'akeneo, SaaS, an App', start: () => start('saas', 'app') })
describePim({ name: 'akeneo, without a POST search', start: () => start('7.0', 'connection') })
describePim({ name: 'akeneo, before uuids', start: () => start('6.0', 'connection') })
