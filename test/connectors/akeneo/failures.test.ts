import type { AkeneoStandIn } from '../../../sandbox/akeneo/akeneo'
import type { Fault } from '../../../sandbox/faults'
import type { PimCommunicator } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { type AkeneoBench, changes, model, sku, startBench, uuid } from './pim-bench'

let bench: AkeneoBench
let server: AkeneoStandIn
beforeEach(async () => {
  bench = await startBench()
  server = bench.server
  const value = (data: string) => [{ locale: null, scope: null, data }]
  server.catalogue.setAttribute({
    code: 'color',
    type: 'pim_catalog_simpleselect',
    options: { red: { en_US: 'Red' } },
  })
  server.catalogue.setModel('lamp')
  server.catalogue.setProduct('LAMP-7', { parent: 'lamp', values: { color: value('red') } })
})
afterEach(() => bench.close())

const longNames = Array.from({ length: 100 }, (_, index) => `${'x'.repeat(100)}${index}`)

type Call = {
  path: string
  method?: string
  /** Makes the communicator make it. */
  ask(pim: PimCommunicator): Promise<readonly unknown[]>
  /** Its permission in Akeneo. */
  permission?: string
  prepare?(): void
  /** Statuses that are no failure here, for Akeneo may lack the call, or what it is about. */
  tolerated?: readonly number[]
}

const by =
  (...refs: Parameters<PimCommunicator['getProducts']>[0]) =>
  (pim: PimCommunicator) =>
    pim.getProducts(refs, startCall())

const calls: [string, Call][] = [
  ['the token', { path: '/api/oauth/', ask: by(sku('LAMP-7')) }],
  ['channels', { path: '/api/rest/v1/channels', ask: by(sku('LAMP-7')), permission: 'List channels' }],
  [
    'products by identifier',
    { path: '/api/rest/v1/products', ask: by(sku('LAMP-7')), permission: 'List products' },
  ],
  [
    'products by uuid',
    {
      path: '/api/rest/v1/products',
      ask: by(uuid('00000000-0000-4000-8000-000000000001')),
      permission: 'List products',
    },
  ],
  ['variants', { path: '/api/rest/v1/products', ask: by(model('lamp')), permission: 'List products' }],
  ['changes', { path: '/api/rest/v1/products', ask: (pim) => changes(pim), permission: 'List products' }],
  [
    'the POST search',
    {
      path: '/api/rest/v1/products-uuid/search',
      method: 'POST',
      ask: by(...longNames.map(sku)),
      // Then a GET is made, and that one decides.
      tolerated: [400, 403, 404, 406, 422],
    },
  ],
  [
    'attributes',
    {
      path: '/api/rest/v1/attributes',
      ask: by(sku('LAMP-7')),
      permission: 'List attributes',
      prepare: () => {
        server.settings.edition = '7.0'
      },
    },
  ],
  [
    'options',
    {
      path: '/api/rest/v1/attributes/color/options',
      ask: by(sku('LAMP-7')),
      prepare: () => {
        server.settings.withoutLinkedData = true
      },
      // Without the permission the option stays a code: php-maps.test.ts.
      tolerated: [403, 404],
    },
  ],
]

const troubles: [string, Fault, string, string | RegExp][] = [
  ['400', { kind: 'status', status: 400 }, 'permanent', 'AKENEO_REFUSED'],
  ['401', { kind: 'status', status: 401 }, 'systemic', 'AKENEO_UNAUTHORIZED'],
  ['403', { kind: 'status', status: 403 }, 'systemic', 'AKENEO_FORBIDDEN'],
  ['404', { kind: 'status', status: 404 }, 'systemic', 'AKENEO_NOT_FOUND'],
  ['406', { kind: 'status', status: 406 }, 'permanent', 'AKENEO_REFUSED'],
  ['422', { kind: 'status', status: 422 }, 'permanent', 'AKENEO_REFUSED'],
  ['429 without Retry-After', { kind: 'status', status: 429 }, 'transient', 'PIM_UNAVAILABLE'],
  [
    '429 with Retry-After',
    { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
    'transient',
    'PIM_UNAVAILABLE',
  ],
  ['408', { kind: 'status', status: 408 }, 'transient', 'PIM_UNAVAILABLE'],
  ['500', { kind: 'status', status: 500 }, 'transient', 'PIM_UNAVAILABLE'],
  ['502', { kind: 'status', status: 502 }, 'transient', 'PIM_UNAVAILABLE'],
  ['503', { kind: 'status', status: 503 }, 'transient', 'PIM_UNAVAILABLE'],
  ['a page', { kind: 'html' }, 'transient', 'PIM_NOT_JSON'],
  ['a cut answer', { kind: 'cut' }, 'transient', 'PIM_UNREACHABLE'],
  ['a reset', { kind: 'reset' }, 'transient', 'PIM_UNREACHABLE'],
  ['a lost answer', { kind: 'resetAfter' }, 'transient', 'PIM_UNREACHABLE'],
]

describe.each(calls)('the call for %s', (name, call) => {
  const { path, method, ask, permission, tolerated = [] } = call
  beforeEach(() => call.prepare?.())

  test.each(troubles)('that meets %s fails as it should', async (_trouble, fault, failureClass, code) => {
    server.faults.add({ path, ...(method && { method }), fault })
    const work = ask(bench.fresh())
    if (fault.kind === 'status' && tolerated.includes(fault.status)) {
      expect(await work).toEqual(expect.any(Array))
      return
    }
    const refusedToken = name === 'the token' && failureClass !== 'transient' && code !== 'AKENEO_NOT_FOUND'
    expect(await rejection(work)).toMatchObject(
      refusedToken
        ? { failureClass: 'systemic', code: 'AKENEO_UNAUTHORIZED' }
        : { failureClass, code: expect.stringMatching(code), upstream: 'PIM' },
    )
  })

  // A page is not tried again within an event: it lasts, as a rule.
  const passing = troubles.filter(
    ([, { kind }, failureClass]) => failureClass === 'transient' && kind !== 'html',
  )
  test.each(passing)('waits out %s', async (_trouble, fault) => {
    const rule = server.faults.add({ path, ...(method && { method }), times: 3, fault })
    await ask(bench.fresh())
    expect(rule.hits()).toBe(3)
  })

  if (permission !== undefined) {
    test('names the permission that is missing', async () => {
      server.settings.permissions.delete(permission)
      const thrown = await rejection(ask(bench.fresh()))
      expect(thrown).toMatchObject({
        code: 'AKENEO_FORBIDDEN',
        failureClass: 'systemic',
        message: expect.stringContaining(`"${permission}"`),
      })
    })

    test('names the access to the API itself when that is missing', async () => {
      server.settings.permissions.delete('Overall Web API access')
      expect(await rejection(ask(bench.fresh()))).toMatchObject({
        code: 'AKENEO_FORBIDDEN',
        message: expect.stringContaining('"Overall Web API access"'),
      })
    })
  }

  test('that takes a while is waited for', async () => {
    const rule = server.faults.add({ path, times: 1, fault: { kind: 'latency', delayMs: 30 } })
    await ask(bench.fresh())
    expect(rule.hits()).toBe(1)
  })
})

test.each(['/api/oauth/', '/api/rest/v1/channels', '/api/rest/v1/products'])(
  'a call that never answers (%s) ends with the time of the event',
  async (path) => {
    const rule = server.faults.add({ path, fault: { kind: 'hang' } })
    const [call, reason] = [startCall(), new Error('the time is up')]
    const asked = rejection(bench.fresh().getProducts([sku('LAMP-7')], call))
    await until(() => rule.hits() > 0, 'a request')
    call.abort(reason)
    expect(await asked).toBe(reason)
  },
)

test('a 403 that is a page, as of a firewall, is told without its text', async () => {
  server.faults.add({
    path: '/api/rest/',
    fault: { kind: 'status', status: 403, body: '<html>secret</html>' },
  })
  expect(await rejection(bench.get(sku('LAMP-7')))).toMatchObject({
    code: 'AKENEO_FORBIDDEN',
    message: expect.stringContaining('no reason given'),
  })
})

test('words of Akeneo are kept short and on one line', async () => {
  const body = { code: 422, message: `bad\n\u0007${'x'.repeat(5_000)}` }
  server.faults.add({ path: '/api/rest/', fault: { kind: 'status', status: 422, body } })
  const thrown = await rejection(bench.get(sku('LAMP-7')))
  expect(thrown).toMatchObject({ message: expect.stringMatching(/bad x{200}/) })
  expect(String(thrown).length).toBeLessThan(500)
})
