import { assetCode } from '../../../src/connectors/akeneo/media/assets'
import { until } from '../../support/raw-server'
import { fakeBinary } from '../kit/fake-binary'
import { type AkeneoTarget, ofAsset, startAkeneoTarget } from './destination-bench'

const never = new AbortController().signal
const key = 'shop/lamp.png'
const code = assetCode(key)

let target: AkeneoTarget
beforeEach(async () => {
  target = await startAkeneoTarget()
})
afterEach(() => target.server.close())

const file = (seed = 1, size = 1_000) => fakeBinary({ size, seed })
const put = (source: Parameters<ReturnType<AkeneoTarget['make']>['put']>[1], destination = target.make()) =>
  destination.put(key, source, { signal: never })

describe('what goes with the file', () => {
  const values = [{ attribute: 'alt', from: 'dc:title', locale: 'en_US' }]

  it('follows the metadata without the file being sent again', async () => {
    const destination = target.make({ values })
    await put(ofAsset(file(), { 'dc:title': 'Lamp' }), destination)
    expect(target.data(key, 'alt')).toBe('Lamp')
    const same = ofAsset(file(), { 'dc:title': 'Lamp' })
    expect(await destination.head?.(key, never, same)).toMatchObject({ version: same.version })
    const renamed = ofAsset(file(), { 'dc:title': 'Lamp, green' })
    expect(await destination.head?.(key, never, renamed)).toMatchObject({ version: undefined })
    await put(renamed, destination)
    expect(target.data(key, 'alt')).toBe('Lamp, green')
    expect(target.uploads()).toBe(1)
    await put(ofAsset(file(), {}), destination)
    expect(target.data(key, 'alt')).toBe('Lamp, green')
  })

  it('becomes what each attribute wants', async () => {
    const options = ['red', 'green']
    for (const attribute of [
      { code: 'weight', type: 'number' },
      { code: 'approved', type: 'boolean' },
      { code: 'main', type: 'single_option', options },
      { code: 'colours', type: 'multiple_options', options },
    ] as const) {
      target.family.attributes.set(attribute.code, {
        value_per_locale: false,
        value_per_channel: false,
        ...attribute,
        options,
      })
    }
    const destination = target.make({
      values: [
        { attribute: 'weight', from: 'shop:weight' },
        { attribute: 'approved', from: ({ metadata }) => metadata['dam:status'] === 'approved' },
        { attribute: 'main', from: 'shop:colours' },
        { attribute: 'colours', from: 'shop:colours' },
        { attribute: 'alt', from: 'dc:subject', locale: 'de_DE' },
      ],
    })
    const source = ofAsset(file(), {
      'shop:weight': 1.5,
      'dam:status': 'approved',
      'shop:colours': ['green', 'red'],
      'dc:subject': ['a', 'b'],
    })
    await put(source, destination)
    const { colours = [] } = target.family.assets.get(code)?.values ?? {}
    const written = ['weight', 'approved', 'main', 'colours', 'alt'].map((name) => target.data(key, name))
    expect(written).toEqual(['1.5', true, 'green', ['green', 'red'], 'a, b'])
    expect(await destination.head?.(key, never, source)).toMatchObject({ version: source.version })
    // Options are a set: Akeneo may give them in its own order, and knows no option twice.
    if (colours[0]) colours[0].data = ['red', 'green']
    expect(await destination.head?.(key, never, source)).toMatchObject({ version: source.version })
    const twice = ofAsset(file(), { ...source.asset?.metadata, 'shop:colours': ['green', 'red', 'green'] })
    expect(await destination.head?.(key, never, twice)).toMatchObject({ version: source.version })
    const fewer = ofAsset(file(), { ...source.asset?.metadata, 'shop:colours': ['green'] })
    expect(await destination.head?.(key, never, fewer)).toMatchObject({ version: undefined })
  })

  it('is an asset whose code one may choose', async () => {
    await put(file(), target.make({ code: () => 'lamp_1' }))
    expect([...target.family.assets.keys()]).toEqual(['lamp_1'])
    await expect(put(file(), target.make({ code: (at) => at }))).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'AKENEO_CODE_INVALID',
    })
  })

  it('is a link in place of the file, when that is wanted', async () => {
    const destination = target.make({}, { AKENEO_ASSET_LINK: 'https://dam.example.com{path}?k={key}' })
    const source = ofAsset(file(), {}, '/content/dam/shop/lamp a.png')
    await put(source, destination)
    expect(target.data(key, 'link')).toBe(
      'https://dam.example.com/content/dam/shop/lamp%20a.png?k=shop/lamp.png',
    )
    expect(source.opened()).toBe(0)
    expect(target.uploads()).toBe(0)
    expect(await destination.head?.(key, never, source)).toMatchObject({
      version: source.version,
      size: 1_000,
    })
  })
})

describe('the products on an asset', () => {
  const linked = () => target.make({}, { AKENEO_PRODUCT_ASSETS: 'packshots' })
  const collection = (sku: string) => target.server.catalogue.bySku(sku)?.values.packshots?.[0]?.data
  const on = (skus: string | string[], seed = 1) => ofAsset(file(seed), { 'wknd-skuid': skus })
  beforeEach(() => {
    const { catalogue, assets } = target.server
    catalogue.setAttribute({
      code: 'packshots',
      type: 'pim_catalog_asset_collection',
      referenceData: 'packshots',
    })
    assets.upsert(target.family, { code: 'older' }, Date.now())
    const held = [{ locale: null, scope: null, data: ['older'] }]
    for (const sku of ['LAMP 7/a', 'LAMP-8']) catalogue.setProduct(sku, { values: { packshots: held } })
  })

  it('get it into their collection, behind what is there, once', async () => {
    const destination = linked()
    await put(on(['LAMP 7/a', 'LAMP-8']), destination)
    await put(on(['LAMP 7/a', 'LAMP-8']), destination)
    expect(collection('LAMP 7/a')).toEqual(['older', code])
    expect(collection('LAMP-8')).toEqual(['older', code])
  })

  it('get it later, when the SKU comes later, without the file being sent again', async () => {
    const destination = linked()
    await put(ofAsset(file(), {}), destination)
    expect(await destination.head?.(key, never, on('LAMP-8'))).toMatchObject({ version: undefined })
    await put(on('LAMP-8'), destination)
    expect(collection('LAMP-8')).toEqual(['older', code])
    expect(await destination.head?.(key, never, on('LAMP-8'))).toMatchObject({ version: 'v-1-1000' })
    expect(target.uploads()).toBe(1)
  })

  it('lose none of many assets that come at the same time', async () => {
    const destination = linked()
    const keys = Array.from({ length: 8 }, (_, index) => `shop/${index}.png`)
    await Promise.all(keys.map((at) => destination.put(at, on('LAMP-8'), { signal: never })))
    expect(collection('LAMP-8')).toEqual(expect.arrayContaining(['older', ...keys.map(assetCode)]))
  })

  it('do not stop an asset when Akeneo does not know them', async () => {
    const destination = linked()
    await put(on(['NOT-THERE', 'LAMP-8']), destination)
    expect(collection('LAMP-8')).toEqual(['older', code])
    expect(target.server.catalogue.bySku('NOT-THERE')).toBeUndefined()
    expect(await destination.head?.(key, never, on(['NOT-THERE', 'LAMP-8']))).toMatchObject({
      version: 'v-1-1000',
    })
  })

  it('are written once more when the answer was lost, after a look', async () => {
    target.server.faults.add({ method: 'PATCH', path: /products/, times: 1, fault: { kind: 'resetAfter' } })
    await put(on('LAMP-8'), linked())
    expect(collection('LAMP-8')).toEqual(['older', code])
    expect(target.calls().filter((call) => /PATCH products/.test(call))).toHaveLength(1)
  })

  it('get it although Akeneo refuses it to one of them, which is named', async () => {
    const errors = [{ property: 'values', attribute: 'packshots', message: 'Set it on the parent.' }]
    target.server.faults.add({
      method: 'PATCH',
      path: /products\/LAMP%207/,
      fault: { kind: 'status', status: 422, body: { code: 422, message: 'Validation failed.', errors } },
    })
    const failure: unknown = await put(on(['LAMP-9', 'LAMP 7/a', 'LAMP-8']), linked()).catch(
      (thrown: unknown) => thrown,
    )
    expect(failure).toMatchObject({ failureClass: 'permanent', code: 'AKENEO_REFUSED' })
    expect(String(failure)).toContain('the product "LAMP 7/a"')
    expect(String(failure)).toContain('packshots: Set it on the parent.')
    expect(collection('LAMP-8')).toEqual(['older', code])
  })

  it('have it when it stands in the collection of their product model, which is not written', async () => {
    const { catalogue, assets } = target.server
    assets.upsert(target.family, { code }, Date.now())
    const held = [{ locale: null, scope: null, data: [code] }]
    catalogue.setModel('lamps', { values: { packshots: held } })
    catalogue.setProduct('LAMP-9', { parent: 'lamps' })
    const destination = linked()
    const previous = await destination.head?.(key, never)
    await destination.put(key, on('LAMP-9'), { signal: never, ...(previous && { previous }) })
    catalogue.setModel('lamps', { values: { packshots: [{ locale: null, scope: null, data: ['older'] }] } })
    await expect(put(on('LAMP-9'), destination)).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'AKENEO_REFUSED',
      message: expect.stringContaining('the product "LAMP-9"'),
    })
  })

  it('are not told of a collection that does not fit: no file is sent, and the work waits', async () => {
    const { catalogue } = target.server
    catalogue.setAttribute({
      code: 'of_others',
      type: 'pim_catalog_asset_collection',
      referenceData: 'others',
    })
    for (const [collection, said] of [
      ['not_there', 'not_there'],
      ['of_others', 'others'],
      ['sku', 'pim_catalog_asset_collection'],
    ] as const) {
      await expect(put(on('LAMP-8'), target.make({ productAssets: collection }))).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'AKENEO_ATTRIBUTE_UNKNOWN',
        message: expect.stringContaining(said),
      })
    }
    await expect(
      put(on('LAMP-8'), target.make({ productAssets: 'packshots', productLocale: 'en_US' })),
    ).rejects.toMatchObject({
      code: 'AKENEO_ATTRIBUTE_UNKNOWN',
      message: expect.stringContaining('no locale'),
    })
    expect(target.uploads()).toBe(0)
  })

  it('are not to blame when the collection is taken away', async () => {
    const destination = linked()
    await put(on('LAMP-8'), destination)
    target.server.catalogue.attributes.delete('packshots')
    await expect(destination.put('b.png', on('LAMP-8'), { signal: never })).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'AKENEO_ATTRIBUTE_UNKNOWN',
    })
  })
})

describe('the media file of a product', () => {
  const inputs = { AKENEO_ASSET_FAMILY: undefined, AKENEO_PRODUCT_MEDIA: 'packshot' }
  beforeEach(() => {
    const { catalogue } = target.server
    catalogue.setAttribute({ code: 'packshot', type: 'pim_catalog_image' })
    catalogue.setAttribute({ code: 'bridge_version', type: 'pim_catalog_text' })
    catalogue.setProduct('LAMP-8')
  })

  it('is there once, however often it is exported', async () => {
    const source = ofAsset(file(), { 'wknd-skuid': 'LAMP-8' })
    await put(source, target.make({}, inputs))
    await put(source, target.make({}, inputs))
    expect(target.uploads()).toBe(1)
    const data = target.server.catalogue.bySku('LAMP-8')?.values.packshot?.[0]?.data
    expect(await target.server.assets.media.get(String(data))?.read()).toEqual(source.bytes())
  })

  const value = (attribute = 'packshot') =>
    target.server.catalogue.bySku('LAMP-8')?.values[attribute]?.[0]?.data
  const upload = { path: '/api/rest/v1/media-files' }

  it('is not sent again when only the answer was lost', async () => {
    const source = ofAsset(file(), { 'wknd-skuid': 'LAMP-8' })
    target.server.faults.add({ ...upload, times: 1, fault: { kind: 'resetAfter' } })
    const stored = await put(source, target.make({}, inputs))
    expect(stored).toMatchObject({ version: 'v-1-1000', size: 1_000 })
    expect(target.uploads()).toBe(1)
    expect(await target.make({}, inputs).head?.(key, never, source)).toEqual(stored)
  })

  it('is sent again when it has not arrived', async () => {
    target.server.faults.add({ ...upload, times: 1, fault: { kind: 'reset' } })
    await put(ofAsset(file(), { 'wknd-skuid': 'LAMP-8' }), target.make({}, inputs))
    expect(target.uploads()).toBe(2)
    expect(await target.server.assets.media.get(String(value()))?.read()).toEqual(file().bytes())
  })

  it('does not replace a newer one that came while it waited for an answer', async () => {
    const slow = target.server.faults.add({ ...upload, times: 1, fault: { kind: 'reset', delayMs: 500 } })
    const old = put(ofAsset(file(1), { 'wknd-skuid': 'LAMP-8' }), target.make({}, inputs)).catch(
      (thrown: unknown) => thrown,
    )
    await until(() => slow.hits() === 1, 'the first upload')
    await put(ofAsset(file(2), { 'wknd-skuid': 'LAMP-8' }), target.make({}, inputs))
    expect(await old).toMatchObject({ failureClass: 'transient', code: 'DESTINATION_CHANGED' })
    expect(await target.server.assets.media.get(String(value()))?.read()).toEqual(file(2).bytes())
  })

  it("does not take another's file for its own when it was told to come again", async () => {
    const headers = { 'retry-after': '1' }
    const busy = { kind: 'status', status: 429, headers, delayMs: 500 } as const
    const slow = target.server.faults.add({ ...upload, times: 1, fault: busy })
    const source = ofAsset(file(1), { 'wknd-skuid': 'LAMP-8' })
    const first = put(source, target.make({}, inputs))
    await until(() => slow.hits() === 1, 'the first upload')
    // The other run sends a file of the same name and size, and ends before it tells the version.
    const refused = { kind: 'status', status: 422, body: { code: 422, message: 'no' } } as const
    target.server.faults.add({
      path: '/api/rest/v1/products/LAMP-8',
      method: 'PATCH',
      times: 1,
      fault: refused,
    })
    const other = put(ofAsset(file(2), { 'wknd-skuid': 'LAMP-8' }), target.make({}, inputs))
    await expect(other).rejects.toThrow()
    const stored = await first
    expect(await target.server.assets.media.get(String(value()))?.read()).toEqual(file(1).bytes())
    expect(await target.make({}, inputs).head?.(key, never, source)).toEqual(stored)
  })

  it('reaches the products that take it, though one does not', async () => {
    const source = ofAsset(file(), { 'wknd-skuid': ['NOT-THERE', 'LAMP-8'] })
    await expect(put(source, target.make({}, inputs))).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'AKENEO_PRODUCT_UNKNOWN',
    })
    expect(value('bridge_version')).toMatch(/^v-1-1000 1000 /)
  })

  it('waits for its attributes: without them no product could take a file', async () => {
    const source = ofAsset(file(), { 'wknd-skuid': 'LAMP-8' })
    for (const [options, said] of [
      [{ productMedia: 'not_there' }, 'not_there'],
      [{ productMedia: 'sku' }, 'pim_catalog_image'],
      [{ versionAttribute: 'not_there' }, 'not_there'],
    ] as const) {
      await expect(put(source, target.make(options, inputs))).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'AKENEO_ATTRIBUTE_UNKNOWN',
        message: expect.stringContaining(said),
      })
    }
    target.server.settings.permissions.delete('List attributes')
    await expect(put(source, target.make({}, inputs))).rejects.toMatchObject({
      code: 'AKENEO_FORBIDDEN',
      message: expect.stringContaining('"List attributes"'),
    })
    expect(target.uploads()).toBe(0)
  })

  it('is refused before a byte is sent, when the attribute takes none like it', async () => {
    const { catalogue } = target.server
    const rules = { maxFileSize: '1', allowedExtensions: ['png'] }
    catalogue.setAttribute({ code: 'packshot', type: 'pim_catalog_image', ...rules })
    const metadata = { 'wknd-skuid': 'LAMP-8' }
    const tooLarge = ofAsset(file(1, 2 * 1024 * 1024), metadata)
    const other = ofAsset(fakeBinary({ size: 10, name: 'lamp.tif' }), metadata)
    for (const [source, errorCode] of [
      [tooLarge, 'AKENEO_TOO_LARGE'],
      [other, 'AKENEO_TYPE_REFUSED'],
    ] as const) {
      await expect(put(source, target.make({}, inputs))).rejects.toMatchObject({
        failureClass: 'permanent',
        code: errorCode,
      })
    }
    expect(target.uploads()).toBe(0)
  })

  it('names the product that refuses it', async () => {
    target.server.faults.add({
      ...upload,
      fault: { kind: 'status', status: 422, body: { code: 422, message: 'Not in its family.' } },
    })
    const source = ofAsset(file(), { 'wknd-skuid': 'LAMP-8' })
    await expect(put(source, target.make({}, inputs))).rejects.toMatchObject({
      code: 'AKENEO_REFUSED',
      message: expect.stringMatching(/"LAMP-8".*Not in its family/),
    })
  })

  it('needs room for its version', async () => {
    const { catalogue } = target.server
    catalogue.setAttribute({ code: 'bridge_version', type: 'pim_catalog_text', maxCharacters: 50 })
    await expect(
      put(ofAsset(file(), { 'wknd-skuid': 'LAMP-8' }), target.make({}, inputs)),
    ).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'AKENEO_ATTRIBUTE_UNKNOWN',
      message: expect.stringContaining('255'),
    })
    expect(target.uploads()).toBe(0)
  })

  it('is no attribute for its own version', async () => {
    const source = ofAsset(file(), { 'wknd-skuid': 'LAMP-8' })
    await expect(put(source, target.make({ versionAttribute: 'packshot' }, inputs))).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'AKENEO_ATTRIBUTE_UNKNOWN',
    })
    expect(target.uploads()).toBe(0)
  })

  it('needs a product', async () => {
    const destination = target.make({}, inputs)
    const failures = [
      [{}, 'permanent', 'AKENEO_WITHOUT_SKU'],
      [{ 'wknd-skuid': 'NOT-THERE' }, 'permanent', 'AKENEO_PRODUCT_UNKNOWN'],
    ] as const
    for (const [metadata, failureClass, errorCode] of failures) {
      await expect(put(ofAsset(file(), metadata), destination)).rejects.toMatchObject({
        failureClass,
        code: errorCode,
      })
    }
    const rendition = { ...ofAsset(file(), { 'wknd-skuid': 'LAMP-8' }), name: 'cq5dam.web.png' }
    await expect(put(rendition, destination)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
