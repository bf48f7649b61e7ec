import type { ServerResponse } from 'node:http'
import { freePort } from '../../../sandbox/targets/ssh-server'
import { assetCode } from '../../../src/connectors/akeneo/media/assets'
import { akeneoPim } from '../../../src/connectors/akeneo/pim'
import { createRedactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import { type RawServer, startRawServer, until } from '../../support/raw-server'
import { createTestClock } from '../../support/test-clock'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'
import { type AkeneoTarget, startAkeneoTarget } from './destination-bench'

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

  it('gets a token by password when the refresh token ends in the middle, too', async () => {
    const { oauth } = target.server
    const destination = target.make()
    await put(file(), destination)
    oauth.revokeAll()
    const source = file(2)
    await destination.put('b.png', source, { signal: never })
    expect(oauth.grants).toEqual(['password', 'password'])
    expect(await target.read('b.png')).toEqual(source.bytes())
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
    await put()
    expect(rules.map((rule) => rule.hits())).toEqual([1, 1])
    expect(target.clock.sleeps).toEqual([1_000, 1_000])
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

  it('names the attribute that Akeneo does not like', async () => {
    const errors = [
      { property: 'values', attribute: 'weight', locale: 'en_US', channel: null, message: 'Not a number.' },
      { property: 'values.usage', message: 'No such option.' },
    ]
    const body = [{ code, status_code: 422, message: 'The asset breaks a rule.', errors }]
    target.server.faults.add({ ...patch, fault: { kind: 'status', status: 200, body } })
    await expect(put()).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'AKENEO_REFUSED',
      message: expect.stringContaining('weight (en_US): Not a number. values.usage: No such option.'),
    })
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

  it('asks, and sends again, when something answers that knows of no file', async () => {
    for (const status of [200, 202]) {
      const rule = target.server.faults.add({
        ...media,
        times: 1,
        fault: { kind: 'status', status, body: {} },
      })
      await target.make().put(`${status}.png`, file(), { signal: never })
      expect(rule.hits()).toBe(1)
      expect(await target.read(`${status}.png`)).toEqual(file().bytes())
    }
  })

  it('says so when an upload is never confirmed', async () => {
    target.server.faults.add({ ...media, fault: { kind: 'status', status: 200, body: {} } })
    await expect(put()).rejects.toMatchObject({ failureClass: 'transient', code: 'AKENEO_NOT_CONFIRMED' })
    expect(target.family.assets.size).toBe(0)
  })

  it.each([409, 412])('leaves an answer of %i to the next delivery', async (status) => {
    target.server.faults.add({ ...media, fault: { kind: 'status', status } })
    await expect(put()).rejects.toMatchObject({ failureClass: 'transient', code: 'DESTINATION_CHANGED' })
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
    const version = target.family.attributes.get('bridge_version')
    if (version) version.max_characters = 50
    await expect(put()).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'AKENEO_ATTRIBUTE_UNKNOWN',
      message: expect.stringContaining('255'),
    })
    target.server.settings.assetManager = false
    await expect(put()).rejects.toMatchObject({ code: 'AKENEO_FAMILY_UNKNOWN' })
    expect(target.uploads()).toBe(0)
  })

  it.each(['media', 'bridge_version'])('fills %s itself: `values` may not', async (attribute) => {
    const destination = target.make({ values: [{ attribute, from: 'dc:title' }] })
    await expect(put(file(), destination)).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(attribute),
    })
    expect(target.uploads()).toBe(0)
  })

  it('notices that the family has changed since it looked', async () => {
    const destination = target.make()
    await put(file(), destination)
    target.family.attributes.delete('bridge_version')
    await expect(destination.put('b.png', file(), { signal: never })).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'AKENEO_ATTRIBUTE_UNKNOWN',
      message: expect.stringContaining('bridge_version'),
    })
  })

  it('removes an asset, once, and from a family that is there only', async () => {
    const destination = target.make()
    await put(file(), destination)
    target.server.faults.add({ method: 'DELETE', path: /assets/, times: 1, fault: { kind: 'resetAfter' } })
    await destination.remove?.(key, never)
    expect(target.family.assets.size).toBe(0)
    await destination.remove?.(key, never)
    await expect(target.make({ family: 'Packshots' }).remove?.(key, never)).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'AKENEO_FAMILY_UNKNOWN',
    })
  })

  it('calls a host where nothing listens systemic', async () => {
    const gone = target.make({}, { AKENEO_URL: `http://127.0.0.1:${await freePort()}` })
    await expect(put(file(), gone)).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'AKENEO_UNREACHABLE',
      message: expect.stringContaining('AKENEO_URL'),
    })
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
})

describe('what stands in front of Akeneo', () => {
  /** Answers an upload as told, before a byte of it is read; all else as Akeneo does where nothing is yet. */
  const inFrontOf = (upload: (response: ServerResponse) => void) =>
    startRawServer(({ url = '', method }, response) => {
      const json = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      if (url.endsWith('/token')) return json(200, { access_token: 't', expires_in: 3600 })
      if (url.endsWith('/attributes')) return json(200, [...target.family.attributes.values()])
      if (url.endsWith('/asset-media-files')) return upload(response)
      if (method === 'PATCH') return json(200, [{ code, status_code: 201 }])
      return json(404, { code: 404, message: 'Asset does not exist.' })
    })
  const uploadsOf = ({ requests }: RawServer) =>
    requests.filter(({ url }) => url?.endsWith('/asset-media-files')).length

  it('may refuse a file that is too large while it is being sent', async () => {
    const proxy = await inFrontOf((response) => response.writeHead(413, { connection: 'close' }).end())
    try {
      const source = file(1, 64 * mebibyte)
      await expect(put(source, target.make({}, { AKENEO_URL: proxy.url }))).rejects.toMatchObject({
        failureClass: 'permanent',
        code: 'AKENEO_TOO_LARGE',
      })
      expect(uploadsOf(proxy)).toBe(1)
    } finally {
      await proxy.close()
    }
  })

  it('may answer 404 to everything while Akeneo is replaced: that does not mean that nothing is there', async () => {
    const ingress = await startRawServer((_, response) => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('default backend - 404')
    })
    try {
      const destination = target.make({}, { AKENEO_URL: ingress.url, AKENEO_TOKEN: 'app-token' })
      await expect(destination.head?.(key, never)).rejects.toMatchObject({
        failureClass: 'transient',
        code: 'AKENEO_NOT_JSON',
      })
    } finally {
      await ingress.close()
    }
  })

  it('may cut an answer that has said all: the file is not sent again', async () => {
    const proxy = await inFrontOf((response) => {
      response.req.on('end', () => {
        response.writeHead(201, { 'asset-media-file-code': 'a/b/c.png', 'content-length': '10' })
        response.write('{')
        setImmediate(() => response.destroy())
      })
    })
    try {
      const stored = await put(file(), target.make({}, { AKENEO_URL: proxy.url }))
      expect(stored).toMatchObject({ version: 'v-1-1000', size: 1_000 })
      expect(uploadsOf(proxy)).toBe(1)
    } finally {
      await proxy.close()
    }
  })
})

test('a file that waited for its turn is sent with a token that is good then', async () => {
  const { server, clock } = target
  const destination = target.make()
  const stuck = new AbortController()
  let hanging = 0
  const slow = [1, 2].map((index) =>
    destination
      .put(`slow-${index}.png`, fakeBinary({ size: mebibyte, hangAt: 100_000, onHang: () => hanging++ }), {
        signal: stuck.signal,
      })
      .catch(() => undefined),
  )
  await until(() => hanging === 2, 'two uploads')
  const source = file()
  const waiting = put(source, destination)
  await until(() => target.calls().includes(`GET asset-families/packshots/assets/${code}`), 'the third one')
  server.oauth.revokeAccess()
  clock.advance(3600_000)
  stuck.abort(new Error('enough'))
  await Promise.all([...slow, waiting])
  expect(source.opened()).toBe(1)
  expect(await target.read(key)).toEqual(source.bytes())
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

test('exports and the PIM communicator together never make more calls at once than Akeneo allows', async () => {
  const { server } = target
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  server.settings.duringCall = async () => {
    for (let turns = 0; turns < 5; turns++) await turn()
  }
  for (let sku = 0; sku < 300; sku++) server.catalogue.setProduct(`SKU-${sku}`)
  const clock = createTestClock()
  const context = contextOf({ ...server.inputs(), AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'en_US' })
  const http = createHttpClient({ clock, random: () => 0.5 })
  const pim = akeneoPim()({ ...context, redactor: createRedactor(), clock, http })
  const refs = Array.from({ length: 300 }, (_, sku) => ({ kind: 'identifier' as const, value: `SKU-${sku}` }))
  const destination = target.make()
  const keys = Array.from({ length: 8 }, (_, index) => `shop/${index}.png`)
  const exports = keys.map((at) => destination.put(at, file(), { signal: never }))
  const [products] = await Promise.all([pim.getProducts(refs, never), ...exports])
  expect(products).toHaveLength(300)
  expect(target.family.assets.size).toBe(8)
  expect(server.throttle.peak()).toBe(4)
  expect(server.throttle.refusals()).toBe(0)
})

describe('the inputs', () => {
  const destination = (inputs: Record<string, string | undefined>) =>
    target.make({}, { AKENEO_ASSET_FAMILY: undefined, ...inputs })

  it.each([
    [{ AKENEO_ASSET_FAMILY: 'pack shots' }, 'AKENEO_ASSET_FAMILY'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_ASSET_MEDIA: 'b-c' }, 'AKENEO_ASSET_MEDIA'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_PRODUCT_MEDIA: 'b' }, 'AKENEO_PRODUCT_MEDIA'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_PRODUCT_ASSETS: 'ö' }, 'AKENEO_PRODUCT_ASSETS'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_VERSION_ATTRIBUTE: '/' }, 'AKENEO_VERSION_ATTRIBUTE'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_ASSET_LINK: 'https://dam.example.com' }, 'AKENEO_ASSET_LINK'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_ASSET_LINK: 'https://x.com{path}?{id}' }, 'AKENEO_ASSET_LINK'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_ASSET_LINK: 'https://x.com{path' }, 'AKENEO_ASSET_LINK'],
    [{ AKENEO_ASSET_FAMILY: 'a', AKENEO_URL: 'http://example.com' }, 'AKENEO_URL'],
  ])('name the one that is wrong: %j', (inputs, named) => {
    const make = () => destination(inputs)
    expect(make).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
    expect(make).toThrow(named)
  })

  it('do not hide that the code names two places', () => {
    const make = () => target.make({ family: 'packshots', productMedia: 'packshot' })
    expect(make).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'CONFIG_INVALID' }))
  })
})
