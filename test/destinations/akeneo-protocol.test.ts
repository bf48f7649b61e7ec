import { createRedactor } from '../../src/core/redaction'
import { assetCode } from '../../src/destinations/akeneo-assets'
import { createHttpClient } from '../../src/http/http-client'
import { akeneoPim } from '../../src/pim/akeneo'
import { until } from '../support/raw-server'
import { createTestClock } from '../support/test-clock'
import { type AkeneoTarget, ofAsset, startAkeneoTarget } from './akeneo-bench'
import { contextOf } from './context'
import { fakeBinary } from './fake-binary'
import { createHeapWatch } from './heap-watch'

const never = new AbortController().signal
const mebibyte = 1024 * 1024
const key = 'shop/lamp.png'
const code = assetCode(key)

let target: AkeneoTarget
beforeEach(async () => {
  target = await startAkeneoTarget()
})
afterEach(() => target.server.close())

const file = (seed = 1, size = 1_000) => fakeBinary({ size, seed })
const put = (
  source: Parameters<ReturnType<AkeneoTarget['make']>['put']>[1] = file(),
  destination = target.make(),
) => destination.put(key, source, { signal: never })
const media = { path: '/api/rest/v1/asset-media-files' }
const patch = { method: 'PATCH', path: /assets$/ }

describe('the Asset Manager', () => {
  it('has the file, its version and the code that the key gives, after two calls that change something', async () => {
    await put()
    expect(await target.read(key)).toEqual(file().bytes())
    expect(String(target.data(key, 'bridge_version'))).toMatch(/^v-1-1000 1000 [0-9a-f]{12}$/)
    expect(target.calls().filter((call) => !call.startsWith('GET'))).toEqual([
      'POST asset-media-files',
      'PATCH asset-families/packshots/assets',
    ])
  })

  it('opens the source anew when the token ends in the middle of an upload', async () => {
    const source = fakeBinary({
      size: 4 * mebibyte,
      onChunk: (sent) => {
        if (sent === 2 * mebibyte && source.opened() === 1) target.server.oauth.revokeAccess()
      },
    })
    await put(source)
    expect(source.opened()).toBe(2)
    expect(await target.read(key)).toEqual(source.bytes())
    expect(target.family.assets.size).toBe(1)
  })

  it('gives up, systemic, when a new token is refused, too', async () => {
    target.server.faults.add({ ...media, fault: { kind: 'status', status: 401 } })
    await expect(put()).rejects.toMatchObject({ failureClass: 'systemic', code: 'AKENEO_UNAUTHORIZED' })
  })

  it('waits and sends again when too much was asked for', async () => {
    const rules = [media, patch].map((at) =>
      target.server.faults.add({
        ...at,
        times: 1,
        fault: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
      }),
    )
    const at = Date.now()
    await put()
    expect(rules.map((rule) => rule.hits())).toEqual([1, 1])
    expect(Date.now() - at).toBeGreaterThanOrEqual(2_000)
    expect(target.family.assets.size).toBe(1)
  })

  it('asks before it sends a file again whose answer was lost, and another run has made it meanwhile', async () => {
    const slow = target.server.faults.add({ ...media, times: 1, fault: { kind: 'resetAfter', delayMs: 300 } })
    const first = put()
    await until(() => slow.hits() === 1, 'the first upload')
    await put()
    expect(await first).toMatchObject({ version: 'v-1-1000', size: 1_000 })
    expect(target.uploads()).toBe(2)
    expect(target.calls().filter((call) => call.startsWith('PATCH'))).toHaveLength(2)
  })

  it('sends a file again whose answer was lost, and it is there once', async () => {
    target.server.faults.add({ ...media, times: 1, fault: { kind: 'resetAfter' } })
    await put()
    expect(target.uploads()).toBe(2)
    expect(target.family.assets.size).toBe(1)
    expect(await target.read(key)).toEqual(file().bytes())
  })

  it('does not write the asset again when only the answer was lost', async () => {
    target.server.faults.add({ ...patch, times: 1, fault: { kind: 'resetAfter' } })
    expect(await put()).toMatchObject({ version: 'v-1-1000' })
    expect(target.calls().filter((call) => call.startsWith('PATCH'))).toHaveLength(1)
    expect(target.uploads()).toBe(1)
  })

  it('does not write over a newer version that came while it waited for an answer', async () => {
    const slow = target.server.faults.add({ ...patch, times: 1, fault: { kind: 'reset', delayMs: 500 } })
    const old = put(file(1)).catch((thrown: unknown) => thrown)
    await until(() => slow.hits() === 1, 'the first PATCH')
    await put(file(2))
    expect(await old).toMatchObject({ failureClass: 'transient', code: 'DESTINATION_CHANGED' })
    expect(await target.read(key)).toEqual(file(2).bytes())
  })

  it('does not write over a newer version that came while it sent its file', async () => {
    let newer: Promise<unknown> | undefined
    const slow = fakeBinary({
      size: 3 * mebibyte,
      delayMs: 5,
      onChunk: (sent) => {
        if (sent === mebibyte) newer = put(file(2))
      },
    })
    await expect(put(slow)).rejects.toMatchObject({ code: 'DESTINATION_CHANGED' })
    await newer
    expect(await target.read(key)).toEqual(file(2).bytes())
  })

  it('looks at the status of the item in an answer of 200', async () => {
    for (const [status, failureClass, errorCode] of [
      [422, 'permanent', 'AKENEO_REFUSED'],
      [403, 'systemic', 'AKENEO_FORBIDDEN'],
    ] as const) {
      const body = [{ code, status_code: status, message: 'because of the moon' }]
      const rule = target.server.faults.add({
        ...patch,
        times: 1,
        fault: { kind: 'status', status: 200, body },
      })
      await expect(put()).rejects.toMatchObject({
        failureClass,
        code: errorCode,
        message: expect.stringContaining('because of the moon'),
      })
      expect(rule.hits()).toBe(1)
    }
    for (const body of [[], [{ code, status_code: 503 }], [{ code: 'another', status_code: 204 }]]) {
      const rule = target.server.faults.add({
        ...patch,
        times: 1,
        fault: { kind: 'status', status: 200, body },
      })
      await put(fakeBinary({ size: 10, version: `v-${JSON.stringify(body).length}` }), refreshing())
      expect(rule.hits()).toBe(1)
    }
  })

  /** Puts over whatever is there, as the app does it. */
  const refreshing = () => {
    const destination = target.make()
    return {
      ...destination,
      put: async (at: string, source: Parameters<typeof destination.put>[1]) => {
        const previous = await destination.head?.(at, never, source)
        return destination.put(at, source, { signal: never, ...(previous === undefined ? {} : { previous }) })
      },
    }
  }

  it.each([
    [413, 'permanent', 'AKENEO_TOO_LARGE'],
    [415, 'permanent', 'AKENEO_TYPE_REFUSED'],
    [422, 'permanent', 'AKENEO_REFUSED'],
    [403, 'systemic', 'AKENEO_FORBIDDEN'],
    [404, 'systemic', 'AKENEO_FAMILY_UNKNOWN'],
    [302, 'systemic', 'AKENEO_REDIRECTS'],
  ])('calls an answer of %i to an upload %s', async (status, failureClass, errorCode) => {
    target.server.faults.add({ ...media, fault: { kind: 'status', status } })
    await expect(put()).rejects.toMatchObject({ failureClass, code: errorCode, status })
    expect(target.uploads()).toBe(1)
  })

  it('does not take a page for an answer', async () => {
    const rule = target.server.faults.add({ ...patch, times: 1, fault: { kind: 'html' } })
    await put()
    expect(rule.hits()).toBe(1)
    expect(await target.read(key)).toEqual(file().bytes())
  })

  it('sends no byte of a file that the attribute would refuse', async () => {
    const attribute = target.family.attributes.get('media')
    if (attribute) Object.assign(attribute, { max_file_size: '1', allowed_extensions: ['png'] })
    await expect(put(file(1, 2 * mebibyte))).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'AKENEO_TOO_LARGE',
    })
    await expect(put(fakeBinary({ size: 10, name: 'lamp.tif' }))).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'AKENEO_TYPE_REFUSED',
    })
    expect(target.uploads()).toBe(0)
    await put()
  })

  it('stops at what the web server in front of Akeneo lets through', async () => {
    target.server.settings.maxUploadBytes = mebibyte
    await expect(put(file(1, 2 * mebibyte))).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'AKENEO_TOO_LARGE',
    })
  })

  it('names what is missing in Akeneo, and calls it systemic', async () => {
    const failures = [
      [{ family: 'Packshots' }, 'AKENEO_FAMILY_UNKNOWN', 'Packshots'],
      [{ mediaAttribute: 'picture' }, 'AKENEO_ATTRIBUTE_UNKNOWN', 'picture'],
      [{ mediaAttribute: 'alt' }, 'AKENEO_ATTRIBUTE_UNKNOWN', 'media_file'],
      [{ versionAttribute: 'media' }, 'AKENEO_ATTRIBUTE_UNKNOWN', 'text'],
      [{ values: [{ attribute: 'alt', from: 'dc:title' }] }, 'AKENEO_ATTRIBUTE_UNKNOWN', 'locale'],
    ] as const
    for (const [options, errorCode, said] of failures) {
      await expect(put(file(), target.make(options))).rejects.toMatchObject({
        failureClass: 'systemic',
        code: errorCode,
        message: expect.stringContaining(said),
      })
    }
    target.server.settings.assetManager = false
    await expect(put()).rejects.toMatchObject({ code: 'AKENEO_FAMILY_UNKNOWN' })
    expect(target.uploads()).toBe(0)
  })

  it('names the permission that is missing', async () => {
    const { permissions } = target.server.settings
    for (const permission of ['List asset families', 'List assets', 'Create and update assets']) {
      permissions.delete(permission)
      await expect(put()).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'AKENEO_FORBIDDEN',
        message: expect.stringContaining(`"${permission}"`),
      })
      permissions.add(permission)
    }
  })

  it('takes over an asset that bears the name, once it was told of it', async () => {
    const values = { alt: [{ locale: 'en_US', channel: null, data: 'By hand' }] }
    target.server.assets.upsert(target.family, { code, values }, Date.now())
    const destination = target.make()
    await expect(put(file(), destination)).rejects.toMatchObject({ code: 'DESTINATION_CHANGED' })
    const previous = await destination.head?.(key, never)
    expect(previous).toMatchObject({ version: undefined })
    await destination.put(key, file(), { signal: never, ...(previous && { previous }) })
    expect(await target.read(key)).toEqual(file().bytes())
    expect(target.data(key, 'alt')).toBe('By hand')
  })

  it('tells no version when somebody has replaced the file by hand', async () => {
    const destination = target.make()
    await put(file(1), destination)
    await destination.put('other.png', file(2), { signal: never })
    const other = String(target.data('other.png'))
    const values = { media: [{ locale: null, channel: null, data: other }] }
    target.server.assets.upsert(target.family, { code, values }, Date.now())
    expect(await destination.head?.(key, never)).toMatchObject({ version: undefined })
  })

  it('has an asset once, whether it comes twice or two ways at a time', async () => {
    const [push, batch] = [target.make(), target.make()]
    await put(file(), push)
    await put(file(), batch)
    expect(target.uploads()).toBe(1)
    const results = await Promise.allSettled(
      [push, batch].map((it) => it.put('b.png', file(3), { signal: never })),
    )
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'DESTINATION_CHANGED' })
    }
    expect(target.family.assets.size).toBe(2)
    expect(await target.read('b.png')).toEqual(file(3).bytes())
  })

  it('sends 500 MB as a form of exactly the length it said, without holding them', async () => {
    const size = 500_000_000
    const watch = createHeapWatch()
    const source = fakeBinary({
      size,
      chunkSize: 256 * 1024,
      onChunk: (sent) => {
        if (sent % (32 * mebibyte) === 0) watch.sample()
      },
    })
    expect(await put(source)).toMatchObject({ size })
    const upload = target.server.requests.find(({ path }) => path.endsWith('asset-media-files'))
    const announced = Number(upload?.headers['content-length'])
    expect(announced - size).toBeGreaterThan(0)
    expect(announced - size).toBeLessThan(1_000)
    expect(target.server.assets.media.get(String(target.data(key)))?.size).toBe(size)
    expect(watch.growth()).toBeLessThan(40 * mebibyte)
  })
})

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

test('uploads leave room for the calls of the PIM communicator in the same container', async () => {
  const { server } = target
  for (let sku = 0; sku < 500; sku++) server.catalogue.setProduct(`SKU-${sku}`)
  const clock = createTestClock()
  const context = contextOf({ ...server.inputs(), AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' })
  const http = createHttpClient({ clock, random: () => 0.5 })
  const pim = akeneoPim()({ ...context, redactor: createRedactor(), clock, http })
  const destination = target.make()
  let hanging = 0
  const uploads = Array.from({ length: 6 }, (_, index) =>
    destination
      .put(`slow-${index}.png`, fakeBinary({ size: mebibyte, hangAt: 100_000, onHang: () => hanging++ }), {
        signal: stop.signal,
      })
      .catch(() => undefined),
  )
  await until(() => hanging === 2, 'two uploads')
  const refs = Array.from({ length: 500 }, (_, sku) => ({ kind: 'identifier' as const, value: `SKU-${sku}` }))
  expect(await pim.getProducts(refs, never)).toHaveLength(500)
  stop.abort(new Error('enough'))
  await Promise.all(uploads)
  expect(hanging).toBe(2)
  expect(server.throttle.refusals()).toBe(0)
  expect(server.throttle.peak()).toBeLessThanOrEqual(4)
})
const stop = new AbortController()

describe('the inputs', () => {
  const destination = (inputs: Record<string, string | undefined>) =>
    target.make({}, { AKENEO_ASSET_FAMILY: undefined, ...inputs })

  it.each([
    [{ AKENEO_ASSET_FAMILY: 'pack shots' }, 'AKENEO_ASSET_FAMILY'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_ASSET_MEDIA: 'b-c' }, 'AKENEO_ASSET_MEDIA'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_PRODUCT_MEDIA: 'b' }, 'AKENEO_PRODUCT_MEDIA'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_PRODUCT_ASSETS: 'ö' }, 'AKENEO_PRODUCT_ASSETS'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_VERSION_ATTRIBUTE: '/' }, 'AKENEO_VERSION_ATTRIBUTE'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_URL: 'http://example.com' }, 'AKENEO_URL'],
  ])('name the one that is wrong: %j', (inputs, named) => {
    const make = () => destination(inputs)
    expect(make).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
    expect(make).toThrow(named)
  })
})
