import { request } from 'node:http'
import type { Dashboard } from '../../cli/dashboard/server'
import { createCommands } from '../support/commands'
import { ask, png, startBridgeDashboard, startTestDashboard } from '../support/dashboard'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
let dashboard: Dashboard
let [own, base] = ['', '']
let count = 0

beforeAll(async () => {
  receiver = await startReceiver()
  dashboard = await startTestDashboard(receiver)
  const { origin, pathname } = new URL(dashboard.url)
  ;[own, base] = [origin, pathname]
})
afterAll(async () => {
  await dashboard.close()
  await receiver.close()
})

const commands = createCommands(() => receiver.sandbox.operatorEnv())

const change = (route: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(dashboard, `${base}${route}`, {
    method: 'POST',
    headers: { origin: own, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

const look = async (route: string) => {
  const { status, bytes } = await ask(dashboard, `${base}${route}`)
  expect(status).toBe(200)
  return JSON.parse(bytes.toString())
}

/** An asset that was gone when its event came, and is back. */
async function deadLetter(): Promise<{ id: string; path: string }> {
  const path = `/content/dam/shop/lost-${++count}.png`
  const asset = receiver.sandbox.aem.addAsset({ path })
  receiver.sandbox.aem.faults.add({
    path: `/adobe/assets/${asset.id}`,
    times: 1,
    fault: { kind: 'status', status: 404 },
  })
  const body = bodyOf(await receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset)))
  return { id: String(body.deadLetter), path }
}

const routes = [
  '',
  'app.js',
  'data/overview',
  'data/health',
  'data/surroundings',
  'data/asset?name=x',
  'picture',
]

describe('what is refused', () => {
  test.each(routes)('/%s without the token, or with another one', async (route) => {
    for (const path of [`/${route}`, `/${'x'.repeat(32)}/${route}`, `//${route}`, `/%00/${route}`]) {
      const { status, bytes } = await ask(dashboard, path)
      expect([path, status]).toEqual([path, 403])
      expect(JSON.parse(bytes.toString())).toMatchObject({ error: { code: 'TOKEN_REFUSED' } })
    }
  })

  test.each(routes)('/%s under another host, as a page that rebinds its name would ask', async (route) => {
    const { port } = dashboard
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `localhost:${port}`,
      '127.0.0.1',
      `127.0.0.1:${port + 1}`,
    ]) {
      const { status, bytes } = await ask(dashboard, base + route, { headers: { host } })
      expect([host, status]).toEqual([host, 403])
      expect(JSON.parse(bytes.toString())).toMatchObject({ error: { code: 'HOST_REFUSED' } })
    }
  })

  test.each(routes)('/%s from another origin', async (route) => {
    const strangers: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${dashboard.port + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of strangers) {
      const { status, bytes, headers: said } = await ask(dashboard, base + route, { headers })
      expect([headers, status]).toEqual([headers, 403])
      expect(JSON.parse(bytes.toString())).toMatchObject({ error: { code: 'ORIGIN_REFUSED' } })
      expect(said).not.toHaveProperty('access-control-allow-origin')
    }
  })

  test('a path that leads out of the page, however it is written', async () => {
    for (const path of [
      '../package.json',
      '../../../../../../etc/passwd',
      '..%2f..%2fpackage.json',
      '%2e%2e/%2e%2e/package.json',
      '..\\..\\package.json',
      'page/app.js',
      'tsconfig.json',
      'app.js%00.css',
      '__proto__',
      'constructor',
      'data/constructor',
      'do/dead-letters/drop',
    ]) {
      expect([path, (await ask(dashboard, base + path)).status]).toEqual([path, 404])
    }
  })

  test('other methods', async () => {
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) {
      expect([method, (await ask(dashboard, `${base}data/overview`, { method })).status]).toEqual([
        method,
        405,
      ])
    }
  })

  test('a change without Origin, of another origin, host or type, too long or of other ids; the record stays', async () => {
    const { id } = await deadLetter()
    const drop = 'do/dead-letters/drop'
    const json = { 'content-type': 'application/json' }
    const body = JSON.stringify({ ids: [id] })
    const post = (headers: Record<string, string>, path = base + drop) =>
      ask(dashboard, path, { method: 'POST', headers, body })

    expect((await post(json)).status).toBe(403)
    expect((await change(drop, { ids: [id] }, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await change(drop, { ids: [id] }, { host: 'evil.example' })).status).toBe(403)
    expect((await post({ origin: own, ...json }, `/${drop}`)).status).toBe(403)
    expect((await post({ origin: own, 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post({ origin: own })).status).toBe(415)
    expect((await change(drop, { ids: [id], more: 'x'.repeat(70_000) })).status).toBe(413)
    for (const ids of [[], [id.slice(1)], ['../x'], 'all', Array.from({ length: 101 }, () => id)])
      expect((await change(drop, { ids })).status).toBe(400)
    expect((await ask(dashboard, `${base}${drop}?ids=${id}`)).status).toBe(404)

    expect((await commands(['dead-letters', 'show', id, '--json'])).code).toBe(0)
    expect((await change(drop, { ids: [id] })).status).toBe(200)
    expect((await commands(['dead-letters', 'show', id, '--json'])).code).toBe(1)
  })

  test('a name that names no asset', async () => {
    for (const name of ['', '/etc/passwd', 'https://evil.example/', '/content/dam'])
      expect((await ask(dashboard, `${base}data/asset?name=${encodeURIComponent(name)}`)).status).toBe(400)
  })
})

describe('what every answer says', () => {
  test('that nothing of it may be guessed, kept, framed, or run from elsewhere', async () => {
    for (const path of [base, `${base}app.js`, `${base}data/overview`, '/', `${base}none`]) {
      const { headers } = await ask(dashboard, path)
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self'"),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/)
    }
  })

  test('the markup holds no data, no script and no style', async () => {
    const page = (await ask(dashboard, base)).bytes.toString()
    expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/)
    expect(page).not.toContain(new URL(dashboard.url).pathname.replaceAll('/', ''))
  })
})

describe('the data', () => {
  test('dead letters and parked work with their reasons; what GET reads it leaves', async () => {
    const { id, path } = await deadLetter()
    const before = await look('data/overview')
    expect(before.deadLetters.shown).toContainEqual(
      expect.objectContaining({ id, path, code: 'ASSET_NOT_FOUND', message: expect.any(String), tries: 1 }),
    )
    const after = await look('data/overview')
    expect(after.deadLetters).toMatchObject({ total: before.deadLetters.total })
    expect(after.destinations).toContainEqual(
      expect.objectContaining({ name: 'folder', isSetUp: true, parked: 0, deadLetters: 0 }),
    )

    const replayed = await change('do/dead-letters/replay', { ids: [id] })
    expect(JSON.parse(replayed.bytes.toString())).toEqual({
      items: [{ id, ok: true, outcome: 'updated', message: expect.any(String) }],
    })
    expect((await look('data/overview')).deadLetters.total).toBe(before.deadLetters.total - 1)
    // Twice is harmless.
    const again = await change('do/dead-letters/replay', { ids: [id] })
    expect(JSON.parse(again.bytes.toString())).toMatchObject({ items: [{ id, ok: false }] })
  })

  test("doctor's findings, and the registrations and the subscription", async () => {
    const { checks } = await look('data/health')
    const { stdout } = await commands(['doctor', '--json'])
    expect(checks.map(({ name }: { name: string }) => name)).toEqual(
      JSON.parse(stdout).checks.map(({ name }: { name: string }) => name),
    )
    const { registrations, akeneo } = await look('data/surroundings')
    expect(registrations.items).toEqual([])
    expect(akeneo).toMatchObject({ items: expect.any(Array) })
  })

  test('the asset as bridge asset shows it', async () => {
    const path = '/content/dam/shop/same.png'
    receiver.sandbox.aem.addAsset({ path, content: { bytes: png } })
    const { stdout } = await commands(['asset', path, '--json'])
    expect(await look(`data/asset?name=${encodeURIComponent(path)}`)).toEqual(JSON.parse(stdout))
  })

  test('no secret stands in it', async () => {
    const env: Record<string, string> = receiver.sandbox.operatorEnv()
    const secrets = [env.ADC_CECREDENTIALS_CLIENTSECRET, env.AIO_runtime_auth, env.AKENEO_EVENT_SECRETS]
    const { id } = await deadLetter()
    const texts = await Promise.all(
      ['data/overview', 'data/health', 'data/surroundings'].map(async (route) =>
        JSON.stringify(await look(route)),
      ),
    )
    for (const secret of secrets) {
      expect(secret?.length).toBeGreaterThan(5)
      for (const text of texts) expect(text).not.toContain(secret)
    }
    // What an asset's name says of a secret is masked as on the command line.
    const masking = await startTestDashboard(receiver, { S3_SECRET_ACCESS_KEY: `lost-${count}.png` })
    const { bytes } = await ask(masking, `${new URL(masking.url).pathname}data/overview`)
    await masking.close()
    expect(bytes.toString()).toContain(id)
    expect(bytes.toString()).toContain('/content/dam/shop/[redacted]')
  })

  test('inputs that are wrong are a failure with its code; the page is served, and health says which', async () => {
    const broken = await startTestDashboard(receiver, { AEM_AUTHOR_URLS: 'nowhere' })
    const path = new URL(broken.url).pathname
    const { status, bytes } = await ask(broken, `${path}picture?name=%2Fcontent%2Fdam%2Fx.png`)
    expect([status, JSON.parse(bytes.toString()).error.code]).toEqual([502, 'INPUT_INVALID'])
    expect((await ask(broken, path)).status).toBe(200)
    const health = JSON.parse((await ask(broken, `${path}data/health`)).bytes.toString())
    expect(health.checks).toContainEqual(expect.objectContaining({ name: 'inputs.aem', status: 'failed' }))
    await broken.close()
  })
})

describe('the picture', () => {
  const picture = (path: string) => ask(dashboard, `${base}picture?name=${encodeURIComponent(path)}`)

  test('is a rendition where there is one, and the original else; the type is told by the bytes', async () => {
    const { aem } = receiver.sandbox
    const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(100)])
    aem.addAsset({
      path: '/content/dam/shop/large.tif',
      content: { size: 50_000_000 },
      renditions: {
        'cq5dam.web.1280.1280.jpeg': { bytes: jpeg },
        'cq5dam.thumbnail.319.319.png': { bytes: png },
      },
    })
    aem.addAsset({ path: '/content/dam/shop/small.jpg', content: { bytes: png } })

    const rendition = await picture('/content/dam/shop/large.tif')
    expect([rendition.status, rendition.headers['content-type']]).toEqual([200, 'image/png'])
    expect(rendition.bytes).toEqual(png)
    const original = await picture('/content/dam/shop/small.jpg')
    expect([original.status, original.headers['content-type']]).toEqual([200, 'image/png'])
    expect(original.headers).toMatchObject({ 'x-content-type-options': 'nosniff' })
  })

  test('is none of a type that a browser would run or read, whatever its name says', async () => {
    const { aem } = receiver.sandbox
    const page = '<!doctype html><script>alert(1)</script>'
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    aem.addAsset({ path: '/content/dam/shop/page.png', content: { bytes: page } })
    aem.addAsset({ path: '/content/dam/shop/page.html', content: { bytes: page } })
    aem.addAsset({ path: '/content/dam/shop/drawing.svg', content: { bytes: svg } })
    aem.addAsset({ path: '/content/dam/shop/empty.png', content: { bytes: '' } })
    aem.addAsset({ path: '/content/dam/shop/film.mp4' })

    for (const name of ['page.png', 'page.html', 'drawing.svg', 'empty.png', 'film.mp4']) {
      const { status, headers, bytes } = await picture(`/content/dam/shop/${name}`)
      expect([name, status, headers['content-type']]).toEqual([name, 404, 'application/json; charset=utf-8'])
      expect(JSON.parse(bytes.toString())).toMatchObject({ error: { code: 'NO_PICTURE' } })
    }
  })

  test('is not an original that is too large, of which no more is read than needed', async () => {
    const { aem } = receiver.sandbox
    const bytes = Buffer.concat([png, Buffer.alloc(9 * 1024 * 1024)])
    aem.addAsset({ path: '/content/dam/shop/huge.png', content: { bytes } })
    expect((await picture('/content/dam/shop/huge.png')).status).toBe(404)
  })

  test('of an asset that is gone, or at a host that is not ours, is a failure with a code', async () => {
    const gone = await picture('/content/dam/shop/none.png')
    expect([gone.status, JSON.parse(gone.bytes.toString()).error.code]).toEqual([502, 'ASSET_NOT_FOUND'])
    const path = `${base}picture?name=%2Fcontent%2Fdam%2Fx.png&host=evil.example`
    const foreign = await ask(dashboard, path)
    expect([foreign.status, JSON.parse(foreign.bytes.toString()).error.code]).toEqual([
      502,
      'HOST_NOT_ALLOWED',
    ])
  })
})

describe('npx bridge dashboard', () => {
  test('prints its address, serves until it is ended, and is gone then', async () => {
    const ended = Promise.withResolvers<void>()
    const { port } = dashboard
    const running = commands(['dashboard', '--json'], {}, { ended: () => ended.promise })
    ended.resolve()
    const { code, stdout } = await running
    const { url: address } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)
    expect(address).not.toContain(`:${port}/`)
    await expect(ask({ url: address }, '/')).rejects.toThrow('ECONNREFUSED')
  })

  test('a port that is taken is named; one that is none is wrong usage', async () => {
    const taken = await commands(['dashboard', '--port', String(dashboard.port)])
    expect([taken.code, taken.stderr]).toEqual([
      1,
      expect.stringContaining(`port ${dashboard.port} cannot be used`),
    ])
    expect((await commands(['dashboard', '--port', '70000'])).code).toBe(2)
  })

  test('a request that hangs does not keep it from ending', async () => {
    const hanging = await startTestDashboard(receiver)
    const { hostname, port, origin, pathname: path } = new URL(hanging.url)
    const headers = { origin, 'content-type': 'application/json', 'content-length': 10 }
    const sent = request({ hostname, port, method: 'POST', path, headers })
    const cut = new Promise((resolve) => sent.once('error', resolve))
    sent.flushHeaders()
    await ask(hanging, path)
    await hanging.close()
    await expect(cut).resolves.toMatchObject({ code: 'ECONNRESET' })
  })

  test('ends on Ctrl-C with exit code 0', async () => {
    const { port, url, end } = await startBridgeDashboard(receiver)
    expect(port).toBeGreaterThan(0)
    expect((await ask({ url }, new URL(url).pathname)).status).toBe(200)
    await expect(end()).resolves.toBe(0)
  })
})
