import { main } from '../../actions/pim-sync/index'
import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import type { JsonObject } from '../../sandbox/json'
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
  receiver.sandbox.aem.search.missing.clear()
  receiver.sandbox.aem.search.stale.clear()
  await akeneo.close()
})
afterAll(() => receiver.close())

let products = 0
const newSku = (): string => `LAMP-${++products}`
const folder = (): string => `/content/dam/shop/${crypto.randomUUID()}`
const named = (name: string) => ({ name: [{ locale: 'en_US', scope: null, data: name }] })
const upload = (path: string, sku?: string | string[]) =>
  receiver.sandbox.aem.addAsset({ path, assetMetadata: sku === undefined ? {} : { 'wknd-skuid': sku } })
const nameOf = (asset: { id: string }) => receiver.sandbox.aem.asset(asset.id).assetMetadata['wknd-name']
const sync = (references: JsonObject[], leftMs = 60_000, activationId = 'f00d') =>
  receiver.invoke(
    { references },
    { leftMs, activationId, inputs: { PIM_COMMUNICATOR: 'akeneo', ...akeneo.inputs(), AKENEO_LOCALES: '' } },
  )
const byUuid = ({ uuid }: { uuid: string }) => ({ kind: 'uuid', value: uuid })
const patches = () => receiver.sandbox.aem.requests.filter(({ method }) => method === 'PATCH').length
const productCalls = () => akeneo.requests.filter(({ path }) => path.includes('/products')).length

test('a changed product reaches the assets that name it, and those that are named after it', async () => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named('Desk lamp') })
  const linked = upload(`${folder()}/hero.png`, sku)
  const among = upload(`${folder()}/room.png`, [sku, 'OTHER'])
  const called = upload(`${folder()}/${sku}.tif`)
  const stranger = upload(`${folder()}/hero.png`, `${sku}-B`)

  const report = bodyOf(await sync([byUuid(product)]))

  expect(report).toMatchObject({ references: 1, products: 1, assets: 3, updated: 3, failed: 0 })
  expect([linked, among, called, stranger].map(nameOf)).toEqual([
    'Desk lamp',
    'Desk lamp',
    'Desk lamp',
    undefined,
  ])
  expect(receiver.sandbox.aem.asset(called.id).assetMetadata['wknd-skuid']).toBe(sku)
})

test('the second run changes nothing: no PATCH', async () => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named('Desk lamp') })
  upload(`${folder()}/hero.png`, sku)
  await sync([byUuid(product)])
  const before = patches()

  expect(bodyOf(await sync([byUuid(product), byUuid(product)]))).toMatchObject({
    references: 1,
    unchanged: 1,
  })
  expect(patches()).toBe(before)
})

test('a changed model reaches the assets of its variants', async () => {
  const [model, sku] = [`model_${newSku().replace('-', '_')}`, newSku()]
  akeneo.catalogue.setModel(model, { values: named('Lamps') })
  akeneo.catalogue.setProduct(sku, { parent: model })
  const asset = upload(`${folder()}/hero.png`, sku)

  expect(bodyOf(await sync([{ kind: 'model', value: model }]))).toMatchObject({ updated: 1 })
  expect(nameOf(asset)).toBe('Lamps')
})

test('many changed models are taken a few at a time: all of their variants would be held at once', async () => {
  const models = Array.from({ length: 25 }, () => {
    const [model, sku] = [`model_${newSku().replace('-', '_')}`, newSku()]
    akeneo.catalogue.setModel(model, { values: named('Lamps') })
    akeneo.catalogue.setProduct(sku, { parent: model })
    upload(`${folder()}/hero.png`, sku)
    return { kind: 'model', value: model }
  })
  const refused = { kind: 'status', status: 400 } as const
  receiver.sandbox.aem.faults.add({ path: '/bin/querybuilder.json', times: 1, fault: refused })
  expect(errorOf(await sync(models)).statusCode).not.toBe(200)
  const variants = akeneo.requests.filter(({ query }) => JSON.stringify(query).includes('parent'))
  expect(variants.length).toBeLessThanOrEqual(10)

  expect(bodyOf(await sync(models))).toMatchObject({ references: 25, products: 25, updated: 25 })
})

test('a product that is gone, or was never there, changes nothing in AEM', async () => {
  upload(`${folder()}/hero.png`, 'GONE-1')
  const report = bodyOf(
    await sync([byUuid({ uuid: crypto.randomUUID() }), { kind: 'identifier', value: 'GONE-1' }]),
  )
  expect(report).toMatchObject({ references: 2, products: 0, assets: 0 })
})

test('many products on many assets are few calls to Akeneo', async () => {
  const changed = Array.from({ length: 120 }, () => {
    const sku = newSku()
    upload(`${folder()}/hero.png`, sku)
    return akeneo.catalogue.setProduct(sku, { values: named(sku) })
  })

  const report = bodyOf(await sync(changed.map(byUuid)))

  expect(report).toMatchObject({ products: 120, assets: 120, updated: 120 })
  // A hundred a call, once to find the assets, and once more when those have been read.
  expect(productCalls()).toBe(4)
  expect(akeneo.requests.some(({ status }) => status === 429)).toBe(false)
})

test('of activations that come together the first does the work of all, and each is told', async () => {
  const changed = Array.from({ length: 40 }, () => {
    const sku = newSku()
    upload(`${folder()}/hero.png`, sku)
    return akeneo.catalogue.setProduct(sku, { values: named(sku) })
  })
  const ids = ['a', 'b', 'c', 'd']
  const parts = ids.map((_, index) => changed.slice(index * 10, index * 10 + 10).map(byUuid))
  const answers = await Promise.all(parts.map((refs, index) => sync(refs, 60_000, ids[index])))

  const [first, ...others] = answers.map(bodyOf)
  expect(first).toMatchObject({ outcome: 'done', references: 40, assets: 40, updated: 40 })
  for (const other of others)
    expect(other).toMatchObject({ outcome: 'done', references: 10, doneBy: 'a', failures: [] })
  expect(productCalls()).toBe(2)
})

test('what the one that does the work cannot do fails all of them; whose time is up waits no longer', async () => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named(sku) })
  akeneo.faults.add({
    path: '/api/rest/v1/products-uuid',
    times: 1000,
    fault: { kind: 'hang' },
  })
  const ended: string[] = []
  const upTo = (leftMs: number, id: string) =>
    sync([byUuid(product)], leftMs, id).finally(() => ended.push(id))
  const answers = await Promise.all([upTo(4_000, 'a'), upTo(1_200, 'b')])

  expect(answers.map((answer) => errorOf(answer).statusCode)).toEqual([503, 503])
  expect(ended).toEqual(['b', 'a'])
})

test('changed models and the other products of a batch are asked for together once their assets are read', async () => {
  const model = `model_${newSku().replace('-', '_')}`
  akeneo.catalogue.setModel(model, { values: named('Lamps') })
  const skus = [newSku(), newSku(), newSku()]
  for (const sku of skus) upload(`${folder()}/hero.png`, sku)
  const [variant = '', ...others] = skus
  akeneo.catalogue.setProduct(variant, { parent: model })
  const changed = others.map((sku) => akeneo.catalogue.setProduct(sku, { values: named(sku) }))

  const report = bodyOf(await sync([...changed.map(byUuid), { kind: 'model', value: model }]))

  expect(report).toMatchObject({ references: 3, products: 3, assets: 3, updated: 3 })
  expect(productCalls()).toBe(3)
})

test('an asset that the index still knows though it is gone is passed over', async () => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named('Desk lamp') })
  receiver.sandbox.aem.search.stale.add(`${folder()}/gone.png`)
  const asset = upload(`${folder()}/hero.png`, sku)

  expect(bodyOf(await sync([byUuid(product)]))).toMatchObject({ failed: 0, updated: 1 })
  expect(nameOf(asset)).toBe('Desk lamp')
})

test('one asset that AEM refuses to change does not keep the others from it', async () => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named('Desk lamp') })
  const bad = upload(`${folder()}/hero.png`, sku)
  const good = upload(`${folder()}/hero.png`, sku)
  receiver.sandbox.aem.faults.add({
    method: 'PATCH',
    path: `/adobe/assets/${bad.id}/metadata`,
    times: 10,
    fault: { kind: 'status', status: 422 },
  })

  const report = bodyOf(await sync([byUuid(product)]))

  expect(report).toMatchObject({ updated: 1, failed: 1 })
  expect(report.failures).toEqual([
    expect.objectContaining({ code: 'METADATA_REFUSED', retryable: false, path: bad.path }),
  ])
  expect([nameOf(bad), nameOf(good)]).toEqual([undefined, 'Desk lamp'])
})

test.each<[string, () => void, string]>([
  [
    'AEM lets it read only',
    () =>
      receiver.sandbox.aem.faults.add({ method: 'PATCH', times: 50, fault: { kind: 'status', status: 403 } }),
    'AEM_FORBIDDEN',
  ],
])('%s: the run fails, and says what to do', async (_, breakIt, code) => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named('Desk lamp') })
  upload(`${folder()}/hero.png`, sku)
  breakIt()

  const { statusCode, body } = errorOf(await sync([byUuid(product)]))

  expect(statusCode).toBe(503)
  expect(body.failures).toEqual([expect.objectContaining({ code })])
})

test('Akeneo refuses the permission: the run fails and names it', async () => {
  akeneo.settings.permissions.delete('List products')
  const { statusCode, body } = errorOf(await sync([byUuid({ uuid: crypto.randomUUID() })]))
  expect([statusCode, body.code]).toEqual([503, 'AKENEO_FORBIDDEN'])
  expect(body.message).toContain('List products')
})

test('Akeneo is down for longer than there is time: the run fails and can be started again', async () => {
  akeneo.faults.add({ times: 100, fault: { kind: 'status', status: 503 } })
  const { statusCode } = errorOf(await sync([byUuid({ uuid: crypto.randomUUID() })], 4_000))
  expect(statusCode).toBe(503)
})

test.each<[string, JsonObject]>([
  ['no references', {}],
  ['references of another kind', { references: [{ kind: 'sku', value: 'a' }] }],
  ['a reference without a value', { references: [{ kind: 'uuid', value: '' }] }],
])('%s: it says what it takes', async (_, params) => {
  const { body } = errorOf(await receiver.invoke(params))
  expect(body.code).toBe('PARAMS_INVALID')
})

test('no reference is no work', async () => {
  expect(bodyOf(await sync([]))).toMatchObject({ references: 0, assets: 0 })
})

test('a product that is gone is done away with, and its record, too', async () => {
  const sku = newSku()
  const asset = upload(`${folder()}/hero.png`, sku)
  const pending = 'a'.repeat(32)
  const deleted = [{ kind: 'identifier', value: sku }]
  const start = (inputs: JsonObject) =>
    receiver.invoke(
      { references: [], deleted, pending },
      { inputs: { PIM_COMMUNICATOR: 'akeneo', ...akeneo.inputs(), ...inputs } },
    )

  expect(bodyOf(await start({ PIM_SYNC_DELETED: 'clear' }))).toMatchObject({
    deleted: { assets: 1, changed: 1 },
  })

  expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).not.toHaveProperty('wknd-skuid')
  expect(
    receiver.sandbox.state.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.includes(pending),
    ),
  ).toHaveLength(1)
})

test('a product that is gone is done away with although the changed ones cannot be asked for', async () => {
  const sku = newSku()
  const asset = upload(`${folder()}/hero.png`, sku)
  const changed = akeneo.catalogue.setProduct(newSku())
  const fault = { kind: 'status', status: 400 } as const
  akeneo.faults.add({ path: '/api/rest/v1/products-uuid', times: 1, fault })

  const answer = await receiver.invoke(
    { references: [byUuid(changed)], deleted: [{ kind: 'identifier', value: sku }] },
    { inputs: { PIM_COMMUNICATOR: 'akeneo', ...akeneo.inputs(), PIM_SYNC_DELETED: 'clear' } },
  )

  expect(errorOf(answer).statusCode).not.toBe(200)
  expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).not.toHaveProperty('wknd-skuid')
})

test('a product that is gone, but not yet from the search, stays on record for a later look', async () => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named('Desk lamp') })
  const asset = upload(`${folder()}/hero.png`, sku)
  akeneo.catalogue.removeProduct(product.uuid)
  akeneo.settings.lagging.set(product.uuid, product)
  const pending = 'b'.repeat(32)
  const start = () =>
    receiver.invoke(
      { references: [], deleted: [{ kind: 'identifier', value: sku }], pending },
      { inputs: { PIM_COMMUNICATOR: 'akeneo', ...akeneo.inputs(), PIM_SYNC_DELETED: 'clear' } },
    )
  const removals = () =>
    receiver.sandbox.state.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.includes(pending),
    ).length

  expect(bodyOf(await start())).toMatchObject({ deleted: { assets: 0, changed: 0, known: 1 } })
  expect(removals()).toBe(0)

  akeneo.settings.lagging.clear()
  expect(bodyOf(await start())).toMatchObject({ deleted: { assets: 1, changed: 1, known: 0 } })
  expect([nameOf(asset), removals()]).toEqual([undefined, 1])
})

test('a product that Akeneo finds late is up to date all the same', async () => {
  const sku = newSku()
  const product = akeneo.catalogue.setProduct(sku, { values: named('Desk lamp') })
  akeneo.settings.lagging.set(product.uuid, undefined)
  const asset = upload(`${folder()}/hero.png`, sku)
  const changedAt = Math.floor(Date.now() / 1000) * 1000

  expect(bodyOf(await sync([{ ...byUuid(product), changedAt }]))).toMatchObject({ updated: 1 })
  expect(nameOf(asset)).toBe('Desk lamp')
})

test('one that Akeneo finds late is up to date on an asset of many products, too', async () => {
  const skus = Array.from({ length: 101 }, newSku)
  const all = skus.map((sku) => akeneo.catalogue.setProduct(sku, { values: named('old') }))
  const [first, last] = [skus[0] ?? '', skus[100] ?? '']
  const asset = upload(`${folder()}/room.png`, [last, first])
  receiver.sandbox.clock.advance(20_000)
  const late = akeneo.catalogue.setProduct(last, { values: named('new') })
  akeneo.settings.lagging.set(late.uuid, all[100])
  const changedAt = Math.floor(receiver.sandbox.clock.now() / 1000) * 1000

  const references = all.map((product) => ({ ...byUuid(product), changedAt: changedAt - 20_000 }))
  await sync([...references.slice(0, 100), { ...byUuid(late), changedAt }])

  expect(nameOf(asset)).toEqual(['new', 'old'])
})
