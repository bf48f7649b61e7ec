import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main as pimSync } from '../../actions/pim-sync/index'
import { main } from '../../actions/reconcile/index'
import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import type { JsonObject } from '../../sandbox/json'
import { logLines } from '../support/log-lines'
import { bodyOf, errorOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
let akeneo: AkeneoStandIn
beforeAll(async () => {
  receiver = await startReceiver({}, main)
})
beforeEach(async () => {
  akeneo = await startAkeneo({ clock: receiver.sandbox.clock })
})
afterEach(async () => {
  receiver.sandbox.aem.faults.clear()
  await akeneo.close()
})
afterAll(() => receiver.close())

const sku = 'LAMP-7'
const inputs = (): JsonObject => ({ PIM_COMMUNICATOR: 'akeneo', ...akeneo.inputs() })
const run = (more: JsonObject = {}) =>
  receiver.invoke({}, { leftMs: 600_000, inputs: { ...inputs(), ...more } })
const supplier = (data: string) => ({ values: { supplier: [{ locale: null, scope: null, data }] } })
const upload = () =>
  receiver.sandbox.aem.addAsset({
    path: `/content/dam/shop/${crypto.randomUUID()}/hero.png`,
    assetMetadata: { 'wknd-skuid': sku },
  })
const supplierOf = ({ id }: { id: string }) => receiver.sandbox.aem.asset(id).assetMetadata['wknd-supplier']

test('what pim-sync could not do, however it ended, the next run of reconcile does', async () => {
  bodyOf(await run())
  const asset = upload()
  const product = akeneo.catalogue.setProduct(sku, supplier('Acme'))
  const down = receiver.sandbox.aem.faults.add({ fault: { kind: 'status', status: 503 } })
  const references = [{ kind: 'uuid', value: product.uuid }]
  const before = receiver.sandbox.state.requests.length
  process.env.__OW_DEADLINE = String(Date.now() + 4_000)
  errorOf(await pimSync({ ...receiver.sandbox.inputs(), LOG_LEVEL: 'error', ...inputs(), references }))
  // Nobody has to remember anything.
  expect(receiver.sandbox.state.requests.length).toBe(before)
  expect(supplierOf(asset)).toBeUndefined()

  down.remove()
  expect(bodyOf(await run())).toMatchObject({ outcome: 'done', updated: 1 })
  expect(supplierOf(asset)).toBe('Acme')
})

test('the cursor is kept for a year', async () => {
  await run()
  const { state, clock } = receiver.sandbox
  const cursors = state.keys().filter((key) => key.startsWith('cursor.'))
  expect(cursors).not.toEqual([])
  for (const key of cursors) {
    expect(((state.expiresAt(key) ?? 0) - clock.now()) / 86_400_000).toBeGreaterThan(360)
  }
})

test('another PIM has a cursor of its own', async () => {
  await run()
  const before = receiver.sandbox.state.keys().length
  const other = await startAkeneo({ clock: receiver.sandbox.clock })
  await run(other.inputs())
  await other.close()
  const added = receiver.sandbox.state.keys().slice(before)
  expect(added.filter((key) => key.startsWith('cursor.'))).toHaveLength(1)
})

describe('a communicator that cannot tell what has changed', () => {
  const rest = { PIM_COMMUNICATOR: 'rest', PIM_REST_URL: 'http://127.0.0.1:9/{identifier}' }

  test('has nothing to run: it says what to do', async () => {
    const body = bodyOf(await run(rest))
    expect(body).toMatchObject({ outcome: 'skipped', code: 'PIM_WITHOUT_CHANGES' })
    expect(body.message).toMatch(/rest .* changesSince.* reconcile: 'off' .* reconcile-alarm/)
  })

  test('logs one line, at info, and leaves nothing in State', async () => {
    const lines = logLines()
    const before = receiver.sandbox.state.keys()
    await run({ ...rest, LOG_LEVEL: 'info' })
    expect(await lines()).toEqual([expect.stringMatching(/ info: not set up .*changesSince/)])
    expect(receiver.sandbox.state.keys()).toEqual(before)
  })
})

test('an asset of which no event told is enriched and exported, and the report counts it', async () => {
  const root = await mkdtemp(join(tmpdir(), 'bridge-sweep-'))
  try {
    const more = { PIM_COMMUNICATOR: 'mock', FOLDER_ROOT: root }
    await run(more)
    const { aem } = receiver.sandbox
    aem.life.isLost = () => true
    const path = '/content/dam/swept/lamp.png'
    const asset = aem.addAsset({
      path,
      content: { size: 2_000 },
      assetMetadata: { exportDestination: 'folder' },
    })
    aem.life.publish(asset.id)
    expect(bodyOf(await run(more))).toMatchObject({
      outcome: 'done',
      sweep: { enriched: 1, stored: 1, parked: 0 },
    })
    expect((await stat(join(root, path.slice('/content/dam/'.length)))).size).toBe(2_000)
    expect(aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
    expect(bodyOf(await run(more))).toMatchObject({ sweep: { enriched: 0, stored: 0 } })
    expect(bodyOf(await run({ ...more, RECONCILE_SWEEP: 'off' }))).not.toHaveProperty('sweep')
  } finally {
    receiver.sandbox.aem.life.isLost = () => false
    await rm(root, { recursive: true, force: true })
  }
})

test('with mock nothing ever changes', async () => {
  expect(bodyOf(await run({ PIM_COMMUNICATOR: 'mock' }))).toMatchObject({ outcome: 'done', products: 0 })
})

test.each<[string, JsonObject, RegExp]>([
  ['a start that is none', { PIM_SYNC_START: 'yesterday' }, /PIM_SYNC_START .*latest.*oldest.*PT2H/],
  [
    'a policy that is none',
    { PIM_SYNC_DELETED: 'forget' },
    /^PIM_SYNC_DELETED must be one of keep, clear, mark\. Inputs/,
  ],
  ['a password that is wrong', { AKENEO_PASSWORD: 'wrong' }, /AKENEO_PASSWORD/],
  ['a locale that is not in use', { AKENEO_LOCALES: 'it_IT' }, /it_IT in AKENEO_LOCALES/],
  ['an attribute that is unknown', { AKENEO_ATTRIBUTES: 'nmae' }, /nmae in AKENEO_ATTRIBUTES/],
])('%s: the message says which', async (_, more, message) => {
  akeneo.catalogue.setProduct(sku, supplier('Acme'))
  expect(errorOf(await run({ PIM_SYNC_START: 'oldest', ...more })).body.message).toMatch(message)
})
