import { type AkeneoStandIn, startAkeneo } from '../../../sandbox/akeneo/akeneo'
import type { JsonObject } from '../../../sandbox/json'
import { bodyOf, errorOf, type Receiver, startReceiver } from '../../support/receiver'

let receiver: Receiver
let akeneo: AkeneoStandIn
beforeAll(async () => {
  receiver = await startReceiver()
})
beforeEach(async () => {
  akeneo = await startAkeneo({ clock: receiver.sandbox.clock })
  const { catalogue } = akeneo
  catalogue.setAttribute({ code: 'weight', type: 'pim_catalog_metric' })
  catalogue.setAttribute({
    code: 'color',
    type: 'pim_catalog_multiselect',
    options: { red: { en_US: 'Red', de_DE: 'Rot' }, blue: { en_US: 'Blue' } },
  })
  const value = (data: JsonObject[string]) => [{ locale: null, scope: null, data }]
  catalogue.setProduct('LAMP-7', {
    family: 'lamps',
    values: {
      supplier: value('Example Ltd'),
      weight: value({ amount: '1.5000', unit: 'KILOGRAM' }),
      color: value(['red', 'blue']),
      name: [
        { locale: 'en_US', scope: null, data: 'Desk lamp' },
        { locale: 'de_DE', scope: null, data: 'Schreibtischlampe' },
      ],
      description: [
        { locale: 'en_US', scope: 'ecommerce', data: 'For the web' },
        { locale: 'en_US', scope: 'print', data: 'For paper' },
      ],
    },
  })
})
afterEach(() => akeneo.close())
afterAll(() => receiver.close())

const upload = (name = `${crypto.randomUUID()}/LAMP-7.png`) =>
  receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/${name}` })
const enrich = (asset: { id: string }, inputs: JsonObject = {}) =>
  receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset), {
    inputs: { PIM_COMMUNICATOR: 'akeneo', ...akeneo.inputs(), ...inputs },
  })

test('an asset that shows a product of Akeneo gets its attributes in one PATCH', async () => {
  const asset = upload()
  const answer = bodyOf(await enrich(asset, { AKENEO_LOCALES: 'de_DE,en_US' }))
  expect(answer).toMatchObject({ outcome: 'updated' })
  const patch = receiver.sandbox.aem.requests.findLast(({ method }) => method === 'PATCH')
  expect(JSON.parse(patch?.body ?? '')).toEqual(
    expect.arrayContaining([
      { op: 'add', path: '/wknd-name', value: 'Schreibtischlampe' },
      { op: 'add', path: '/wknd-description', value: 'For the web' },
      { op: 'add', path: '/wknd-weight', value: '1.5 KILOGRAM' },
      { op: 'add', path: '/wknd-color', value: ['Rot', 'Blue'] },
    ]),
  )
  expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({
    'wknd-skuid': 'LAMP-7',
    'wknd-sku': 'LAMP-7',
    'wknd-supplier': 'Example Ltd',
    'wknd-name': 'Schreibtischlampe',
  })
})

test('the second event about it changes nothing', async () => {
  const asset = upload()
  await enrich(asset)
  const { etag } = receiver.sandbox.aem.asset(asset.id)
  expect(bodyOf(await enrich(asset))).toMatchObject({ outcome: 'unchanged' })
  expect(receiver.sandbox.aem.asset(asset.id).etag).toBe(etag)
})

test('an asset of no product in Akeneo is left alone', async () => {
  const asset = upload('nobody.png')
  expect(bodyOf(await enrich(asset))).toMatchObject({ outcome: 'skipped' })
  expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).not.toHaveProperty('wknd-skuid')
})

test('a missing permission answers 503 and names it, without any credential', async () => {
  akeneo.settings.permissions.delete('List products')
  const { statusCode, body } = errorOf(await enrich(upload()))
  expect(statusCode).toBe(503)
  const text = JSON.stringify(body)
  expect(text).toContain('AKENEO_FORBIDDEN')
  expect(text).toContain('List products')
  const { clientSecret, password } = akeneo.oauth.credentials
  for (const secret of [clientSecret, password]) expect(text).not.toContain(secret)
})

test('a missing input answers 503 and names it', async () => {
  const { statusCode, body } = errorOf(await enrich(upload(), { AKENEO_PASSWORD: '' }))
  expect(statusCode).toBe(503)
  expect(JSON.stringify(body)).toContain('AKENEO_PASSWORD')
})
