import type { AssetView } from '../../sandbox/aem/author'
import type { JsonObject } from '../../sandbox/json'
import { startHttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { systemClock } from '../../src/core/clock'
import { createRedactor } from '../../src/core/redaction'
import { createLetterRoom } from '../../src/delivery/letter-room'
import { createRecordWriter } from '../../src/delivery/record-writer'
import { createStateStore } from '../../src/store/state-store'
import { createCommands } from '../support/commands'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

jest.mock('../../sample-config/enrichment', () => {
  const { default: usual } = jest.requireActual('../../sample-config/enrichment')
  const stock = { property: 'wknd-stock', attribute: 'stock', type: 'integer' }
  const title = { property: 'dc:title', attribute: 'title', whenMissing: 'remove' }
  return { __esModule: true, default: { ...usual, mapping: [...usual.mapping, stock, title] } }
})

let receiver: Receiver
let count = 0

beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const commands = createCommands(() => ({ ...receiver.sandbox.operatorEnv(), ...restPim() }))

const restPim = (): Record<string, string> => ({
  PIM_COMMUNICATOR: 'rest',
  PIM_REST_URL: `${receiver.sandbox.pim.url}/products/{identifier}`,
  PIM_REST_PRODUCT: '/data/product',
  PIM_REST_IDENTIFIER: '/sku',
  PIM_REST_HEADERS: `X-Api-Key: ${receiver.sandbox.pim.apiKey}`,
})

const published = { isPublishedToAemPublish: true, 'aem:published': '2030-01-01T00:00:00Z' }

/** An asset whose product the PIM has, published to the folder. */
function addAsset(more: { metadata?: JsonObject; repository?: JsonObject; product?: JsonObject } = {}): {
  asset: AssetView
  path: string
  sku: string
} {
  const sku = `SKU-${++count}`
  const path = `/content/dam/shop/${sku}.png`
  receiver.sandbox.pim.setProduct(sku, more.product)
  const asset = receiver.sandbox.aem.addAsset({
    path,
    content: { size: 5_000, seed: path },
    assetMetadata: { exportDestination: 'folder', ...more.metadata },
    repositoryMetadata: { ...published, ...more.repository },
  })
  return { asset, path, sku }
}

async function ask(path: string, env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await commands(['asset', path, '--json'], env)
  expect(stderr).toBe('')
  return { code, view: JSON.parse(stdout) }
}

const said = async (path: string, env: Record<string, string> = {}): Promise<string> =>
  (await commands(['asset', path], env)).stdout

describe('bridge asset', () => {
  test('tells all there is to tell, by path or by id; once it is done, the asset is in step', async () => {
    const { asset, path, sku } = addAsset({ product: { name: 'Lamp' }, metadata: { 'dc:title': 'old' } })
    const { code, view } = await ask(path)

    expect(code).toBe(1)
    expect(view).toEqual({
      asset: { id: asset.id, path, host: new URL(receiver.sandbox.aem.url).host },
      inStep: false,
      match: { rule: 'file name', candidates: [sku], products: [sku] },
      changes: expect.arrayContaining([
        {
          property: 'wknd-name',
          rule: 'every attribute: name',
          old: null,
          new: 'Lamp',
          action: 'write',
          why: 'AEM holds no value',
        },
        {
          property: 'dc:title',
          rule: 'attribute title',
          old: 'old',
          new: null,
          action: 'remove',
          why: expect.stringContaining('no value'),
        },
        {
          property: 'wknd-stock',
          rule: 'attribute stock',
          old: null,
          new: null,
          action: 'keep',
          why: expect.stringContaining('no value'),
        },
        expect.objectContaining({ property: 'wknd-skuid', rule: 'link property', new: sku, action: 'write' }),
      ]),
      destinations: [
        {
          name: 'folder',
          due: true,
          why: 'exportDestination names it',
          key: `shop/${sku}.png`,
          state: 'missing',
        },
      ],
      deadLetters: [],
      pending: [],
      events: [],
      journal: { since: 'P1D', read: [{ entries: expect.any(Number), until: null, stopped: 'end' }] },
    })
    expect((await ask(asset.id)).view).toEqual(view)
    // It has only looked.
    expect(receiver.sandbox.aem.asset(asset.id).etag).toBe(asset.etag)

    expect((await commands(['enrich', path])).code).toBe(0)
    expect((await commands(['export', path])).code).toBe(0)
    const after = await ask(path)
    expect(after).toMatchObject({
      code: 0,
      view: { inStep: true, destinations: [{ name: 'folder', due: true, state: 'in-step' }] },
    })
    expect(new Set(after.view.changes.map(({ action }: { action: string }) => action))).toEqual(
      new Set(['keep']),
    )
    receiver.sandbox.aem.replaceContent(asset.id, { size: 6_000, seed: 'newer' })
    expect(await ask(path)).toMatchObject({ code: 1, view: { destinations: [{ state: 'stale' }] } })
  })

  test('shows the last events of the asset and of no other, and how far it read', async () => {
    const { asset, path } = addAsset()
    const { aem, journal } = receiver.sandbox
    const event = aem.processingCompletedEvent(asset)
    journal.append(event)
    journal.append(aem.processingCompletedEvent(addAsset().asset))
    journal.append({ source: 'x', asset: { path } })
    const { view } = await ask(path)
    expect(view.events).toEqual([
      expect.objectContaining({
        id: event.id,
        type: 'aem.assets.asset.processing_completed',
        action: 'generic',
      }),
    ])
    expect(view.journal.read).toEqual([expect.objectContaining({ stopped: 'end' })])
    expect(await said(path)).toContain('the journal was read from P1D ago to its end')
    const { view: recent } = await ask(path, { JOURNAL_URL: '' })
    expect(recent).toMatchObject({ events: [], journal: { read: [] } })
  })

  test('shows a hundred events, and how many came before', async () => {
    const { asset, path } = addAsset()
    const { aem, journal } = receiver.sandbox
    const sent = Array.from({ length: 103 }, () => aem.processingCompletedEvent(asset))
    for (const event of sent) journal.append(event)
    const { view } = await ask(path)
    expect([view.events.length, view.journal.earlier]).toEqual([100, 3])
    expect(await said(path)).toContain('\n  and 3 earlier ones\n')
  })

  test('what is no path and no id is wrong usage', async () => {
    expect(await commands(['asset', 'lamp.png'])).toMatchObject({ code: 2 })
    expect(await commands(['asset', 'urn:aaid:aem:1', '--since', 'soon'])).toMatchObject({ code: 2 })
  })

  test('a secret in what AEM holds is masked', async () => {
    const { path } = addAsset({ metadata: { 'wknd-name': 'hush-4711' } })
    for (const args of [
      ['asset', path],
      ['asset', path, '--json'],
    ]) {
      const { stdout } = await commands(args, { S3_SECRET_ACCESS_KEY: 'hush-4711' })
      expect(stdout).toContain('[redacted]')
      expect(stdout).not.toContain('hush-4711')
    }
  })
})

describe('why an asset was not enriched or exported, in one command', () => {
  test('1. the PIM has no product', async () => {
    const { path, sku } = addAsset()
    receiver.sandbox.pim.removeProduct(sku)
    const { code, view } = await ask(path)
    expect([code, view.inStep]).toEqual([1, false])
    expect(view.match).toEqual({ rule: null, candidates: [sku], products: [] })
    expect(view.skipped).toContain('the PIM knows no product')
    expect(await said(path)).toContain(sku)
  })

  test('2. the link is wrong', async () => {
    const { path, sku } = addAsset({ metadata: { 'wknd-skuid': 'SKU-typo' } })
    receiver.sandbox.pim.removeProduct(sku)
    expect((await ask(path)).view).toMatchObject({
      inStep: false,
      match: { rule: null, candidates: ['SKU-typo', sku], products: [] },
    })
    receiver.sandbox.pim.setProduct(sku)
    // Of another product: that is what is shown.
    receiver.sandbox.pim.setProduct('SKU-typo')
    expect((await ask(path)).view.match).toEqual({
      rule: 'property wknd-skuid',
      candidates: ['SKU-typo'],
      products: ['SKU-typo'],
    })
  })

  test('3. the asset is checked out', async () => {
    const { path } = addAsset({ repository: { 'aem:checkedOutBy': 'ada' } })
    const { code, view } = await ask(path)
    expect([code, view.inStep]).toEqual([1, false])
    expect(view.skipped).toBe('the asset is checked out by ada')
    expect(await said(path)).toContain('skipped  the asset is checked out by ada')
  })

  test('4. its host was refused', async () => {
    const { asset, path } = addAsset()
    const event = receiver.sandbox.aem.processingCompletedEvent(asset, {
      data: { repositoryMetadata: { 'repo:repositoryId': 'author-p9-e9.adobeaemcloud.com' } },
    })
    receiver.sandbox.journal.append(event)
    await receiver.invoke(event)
    const { view } = await ask(path)
    expect(view.deadLetters).toEqual([expect.objectContaining({ code: 'HOST_NOT_ALLOWED' })])
    expect(view.events).toEqual([
      expect.objectContaining({
        host: 'author-p9-e9.adobeaemcloud.com',
        problem: expect.stringContaining('HOST_NOT_ALLOWED'),
      }),
    ])
    const { code, stdout } = await commands([
      'asset',
      path,
      '--host',
      'author-p9-e9.adobeaemcloud.com',
      '--json',
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ inStep: false, problems: [{ code: 'HOST_NOT_ALLOWED' }] })
  })

  test('5. the mapping failed', async () => {
    const { path, sku } = addAsset({ product: { stock: 'plenty' } })
    const { code, view } = await ask(path)
    expect(code).toBe(1)
    expect(view).toMatchObject({
      inStep: false,
      match: { rule: 'file name', products: [sku] },
      problems: [{ code: 'MAPPING_FAILED', message: expect.stringContaining('wknd-stock') }],
    })
  })

  test('6. the PIM is down', async () => {
    const { path, sku } = addAsset()
    receiver.sandbox.pim.faults.add({
      path: `/products/${sku}`,
      times: 50,
      fault: { kind: 'status', status: 503 },
    })
    const { code, view } = await ask(path)
    expect(code).toBe(1)
    expect(view).toMatchObject({
      inStep: false,
      asset: { path },
      problems: [{ code: 'PIM_UNAVAILABLE' }],
      match: { rule: null, candidates: [sku] },
    })
    // What does not need the PIM is there.
    expect(view.destinations).toEqual([expect.objectContaining({ name: 'folder', state: 'missing' })])
  })

  test('7. it is a dead letter', async () => {
    const { asset, path } = addAsset()
    receiver.sandbox.aem.faults.add({
      path: `/adobe/assets/${asset.id}`,
      times: 1,
      fault: { kind: 'status', status: 404 },
    })
    const { deadLetter } = bodyOf(await receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset)))
    expect((await ask(asset.id)).view.deadLetters).toEqual([
      expect.objectContaining({ id: deadLetter, code: 'ASSET_NOT_FOUND', action: 'generic', path, tries: 1 }),
    ])
    expect(await said(path)).toContain(`${deadLetter}`)
    // The letter of another asset is not shown.
    expect((await ask(addAsset().path)).view.deadLetters).toEqual([])
  })

  test('8. it is parked', async () => {
    const { asset, path } = addAsset()
    const id = 'ab'.repeat(16)
    await park(id, receiver.sandbox.aem.processingCompletedEvent(asset))
    expect((await ask(path)).view.pending).toEqual([
      expect.objectContaining({
        id,
        action: 'generic',
        code: 'PIM_UNAVAILABLE',
        nextTry: expect.any(String),
      }),
    ])
    expect(await said(path)).toContain('PIM_UNAVAILABLE: the PIM answered 503')
  })

  test('9. it is not published', async () => {
    for (const repository of [
      { isPublishedToAemPublish: false, 'aem:published': null },
      { isPublishedToAemPublish: null, 'aem:published': null },
    ]) {
      const { path } = addAsset({ repository })
      const { view } = await ask(path)
      expect(view.destinations).toEqual([
        expect.objectContaining({
          due: false,
          why: expect.stringContaining('not published'),
          state: 'missing',
        }),
      ])
      await commands(['enrich', path])
      // It is nowhere, as it should.
      expect(await ask(path)).toMatchObject({ code: 0, view: { inStep: true } })
    }
  })

  test('10. its destination is down', async () => {
    const endpoint = await startHttpsEndpoint()
    const env = { HTTPS_URL: `${endpoint.url}/files/{key}`, HTTPS_HEAD: 'X-Held-Version' }
    const { path } = addAsset({ metadata: { exportDestination: 'https' } })
    await commands(['enrich', path])
    await commands(['export', path], env)
    expect(await ask(path, env)).toMatchObject({ code: 0, view: { inStep: true } })
    endpoint.fault = () => ({ status: 503 })
    const { code, view } = await ask(path, env)
    await endpoint.close()
    expect([code, view.inStep]).toEqual([1, false])
    expect(view.destinations).toContainEqual(
      expect.objectContaining({
        name: 'https',
        due: true,
        state: 'unknown',
        why: expect.stringContaining('HTTPS_UNAVAILABLE'),
      }),
    )
    const { view: off } = await ask(addAsset({ metadata: { exportDestination: 's3, nowhere' } }).path)
    expect(off.destinations).toEqual([
      expect.objectContaining({
        name: 's3',
        state: 'unknown',
        why: expect.stringContaining('DESTINATION_OFF'),
      }),
      expect.objectContaining({ name: 'nowhere', why: expect.stringContaining('DESTINATION_UNKNOWN') }),
      expect.objectContaining({ name: 'folder', due: false, why: 'exportDestination does not name it' }),
    ])
  })

  test('and an asset that AEM does not have', async () => {
    expect(await ask('/content/dam/shop/none.png')).toMatchObject({
      code: 1,
      view: {
        asset: { id: null, path: '/content/dam/shop/none.png', host: null },
        inStep: false,
        problems: [{ code: 'ASSET_NOT_FOUND' }],
      },
    })
  })
})

describe('bridge enrich and export', () => {
  test('--dry-run tells what would be done and does nothing; then it is done by the flow of the event', async () => {
    const { asset, path, sku } = addAsset()
    const dry = await commands(['enrich', path, '--dry-run', '--json'])
    expect(dry.code).toBe(0)
    expect(JSON.parse(dry.stdout)).toMatchObject([
      {
        id: path,
        ok: true,
        outcome: 'would-update',
        changes: expect.arrayContaining([expect.objectContaining({ property: 'wknd-skuid', new: sku })]),
      },
    ])
    expect(receiver.sandbox.aem.asset(asset.id).etag).toBe(asset.etag)
    const { stdout } = await commands(['enrich', path, asset.id, '--json'])
    expect(JSON.parse(stdout)).toMatchObject([
      { id: path, ok: true, outcome: 'updated' },
      { id: asset.id, ok: true, outcome: 'unchanged' },
    ])
    expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': sku })

    const dryExport = await commands(['export', path, '--dry-run', '--json'])
    expect(JSON.parse(dryExport.stdout)).toMatchObject([
      { outcome: 'would-export', destinations: [{ name: 'folder', state: 'missing' }] },
    ])
    expect((await ask(path)).view.destinations).toMatchObject([{ state: 'missing' }])
    expect(JSON.parse((await commands(['export', path, '--json'])).stdout)).toMatchObject([
      { id: path, ok: true, outcome: 'done' },
    ])
    expect((await ask(path)).view.destinations).toMatchObject([{ state: 'in-step' }])
    expect(JSON.parse((await commands(['export', path, '--dry-run', '--json'])).stdout)).toMatchObject([
      { outcome: 'unchanged' },
    ])
  })

  test('export leaves alone what is not published', async () => {
    const { path } = addAsset({ repository: { isPublishedToAemPublish: false, 'aem:published': null } })
    expect(JSON.parse((await commands(['export', path, '--json'])).stdout)).toMatchObject([
      { id: path, ok: true, outcome: 'skipped', message: expect.stringContaining('not published') },
    ])
    expect((await ask(path)).view.destinations).toMatchObject([{ state: 'missing' }])
  })

  test('what fails says why, fails the command, and keeps nothing else from being done', async () => {
    const { path } = addAsset()
    const run = await commands(['enrich', '/content/dam/shop/none.png', path])
    expect(run.code).toBe(1)
    expect(run.stdout).toContain('/content/dam/shop/none.png  failed  ASSET_NOT_FOUND')
    expect(run.stdout).toContain(`${path}  updated`)
    expect(run.stdout).toContain('2 assets: 1 failed, 1 updated')
    const { deadLetters } = (await ask('/content/dam/shop/none.png')).view
    expect(deadLetters).toEqual([])
  })
})

async function park(id: string, event: JsonObject): Promise<void> {
  const { __OW_NAMESPACE: namespace = '', __OW_API_KEY: apiKey = '' } = receiver.sandbox.env()
  const store = createStateStore({ namespace, apiKey, region: () => 'amer' })
  const at = new Date().toISOString()
  const parts = { clock: systemClock, redactor: createRedactor(), room: createLetterRoom() }
  const record = {
    id,
    action: 'generic',
    event,
    attempts: 1,
    since: at,
    nextTry: at,
    history: [{ at, code: 'PIM_UNAVAILABLE', message: 'the PIM answered 503' }],
  }
  await createRecordWriter(store, parts).pending(record, new AbortController().signal)
}

/** The last one: whoever reads the journal after it reads all of that. */
describe('a journal that is full', () => {
  test('reads 10,000 entries of the journal, and says at which it stopped', async () => {
    const { asset, path } = addAsset()
    const { aem, journal } = receiver.sandbox
    const before = journal.positions().length
    for (let count = before; count < 10_000; count++) journal.append({ id: `other-${count}`, source: 'x' })
    journal.append(aem.processingCompletedEvent(asset))
    const { view } = await ask(path)
    expect(view.events).toEqual([])
    expect(view.journal.read).toEqual([
      { entries: 10_000, until: expect.stringMatching(/Z$/), stopped: 'limit' },
    ])
    expect(await said(path)).toMatch(/the journal was read from P1D ago to the limit of 10000 entries/)
  }, 60_000)
})
