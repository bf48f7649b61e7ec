import { type AkeneoStandIn, startAkeneo } from '../../../sandbox/akeneo/akeneo'
import { akeneo } from '../../../src/connectors/akeneo/destination'
import { inWordsOf, noAnswer } from '../../../src/connectors/akeneo/errors'
import { akeneoPim } from '../../../src/connectors/akeneo/pim'
import { createHttpClient } from '../../../src/http/http-client'
import type { Destination } from '../../../src/plugin/destination'
import type { PimCommunicator } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { createTestClock, type TestClock } from '../../support/test-clock'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

let server: AkeneoStandIn
let clock: TestClock
beforeEach(async () => {
  clock = createTestClock(Date.now())
  server = await startAkeneo({ clock })
  server.assets.addFamily('packshots')
  server.catalogue.setProduct('LAMP-7')
})
afterEach(() => server.close())

/**
 * The communicator and the destination of one container, on one connection.
 * @param prefix of the destination's inputs
 */
function container(prefix = 'AKENEO'): { pim: PimCommunicator; destination: Destination } {
  const connection = server.inputs()
  const own = Object.entries(connection).map(([name, value]) => [name.replace(/^AKENEO/, prefix), value])
  const inputs: Record<string, string> = {
    ...connection,
    ...Object.fromEntries(own),
    AKENEO_CHANNEL: 'ecommerce',
    AKENEO_LOCALES: 'en_US',
    [`${prefix}_ASSET_FAMILY`]: 'packshots',
  }
  const context = { ...contextOf(inputs, { clock }), http: createHttpClient({ clock, random: () => 0.5 }) }
  return { pim: akeneoPim()(context), destination: akeneo({ inputs: prefix }).create(context) }
}

const ask = ({ pim }: { pim: PimCommunicator }) =>
  pim.getProducts([{ kind: 'identifier', value: 'LAMP-7' }], startCall())
const put = ({ destination }: { destination: Destination }) =>
  destination.put('shop/lamp.png', fakeBinary({ size: 1_000 }), {}, startCall())
const grants = () => server.requests.filter(({ path }) => path.endsWith('/token'))

describe('the communicator and the destination of one connection', () => {
  it('share a token', async () => {
    const both = container()

    await Promise.all([ask(both), put(both)])

    expect(grants()).toHaveLength(1)
  })

  it('share it whatever the inputs are called', async () => {
    const both = container('SHOP_AKENEO')

    await Promise.all([ask(both), put(both)])

    expect(grants()).toHaveLength(1)
  })

  it('share the guard against a lock-out: a wrong password is tried once', async () => {
    const both = container()
    server.oauth.credentials = { ...server.oauth.credentials, password: 'another one' }

    const errors = [await rejection(ask(both)), await rejection(put(both)), await rejection(put(both))]

    expect(grants()).toHaveLength(1)
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'AKENEO_UNAUTHORIZED', failureClass: 'systemic' })
    }
  })

  it('tell a failure of the token endpoint each in its own words', async () => {
    server.faults.add({ path: '/api/oauth/', fault: { kind: 'status', status: 503 } })
    const both = container()

    expect(await rejection(ask(both))).toMatchObject({ code: 'PIM_UNAVAILABLE', upstream: 'PIM' })
    expect(await rejection(put(both))).toMatchObject({ code: 'AKENEO_UNAVAILABLE', upstream: 'AKENEO' })
  })
})

test('an export goes on when no token can be had for a while in its middle', async () => {
  const both = container()
  await ask(both)
  server.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'status', status: 401 } })
  const unavailable = server.faults.add({
    path: '/api/oauth/',
    times: 6,
    fault: { kind: 'status', status: 503 },
  })

  expect(await put(both)).toMatchObject({ size: 1_000 })
  expect(unavailable.hits()).toBe(6)
})

test('a token that does not come in time is a failure of AKENEO for a destination, which is tried again', () => {
  expect(inWordsOf('AKENEO', noAnswer('token', 30_000))).toMatchObject({
    code: 'AKENEO_TIMEOUT',
    failureClass: 'transient',
    upstream: 'AKENEO',
  })
  expect(inWordsOf('PIM', noAnswer('token', 30_000))).toMatchObject({ code: 'PIM_TIMEOUT', upstream: 'PIM' })
})
