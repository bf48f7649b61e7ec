import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDependencies, projectRoot, SetupError } from '../../sandbox/build'
import { builtActions, readDeployment } from '../../sandbox/deployment'
import { encodePath, startFrontDoor } from '../../sandbox/front-door'
import type { JsonObject } from '../../sandbox/json'
import { findTakenPort } from '../../sandbox/ports'
import { createPaint, mebibytes, milliseconds, table } from '../../sandbox/print'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import type { SandboxServer } from '../../sandbox/server'
import { exportLines } from '../../sandbox/shell'

const bundle = join(__dirname, 'fixtures', 'enricher.cjs')
const exporter = join(__dirname, 'fixtures', 'exporter.cjs')

describe('the whole sandbox', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startSandbox({ actions: { generic: { bundle, provideApiKey: true } } })
  })
  afterAll(() => sandbox.close())

  it('gives the inputs and the environment that point at it', () => {
    expect(sandbox.inputs()).toEqual({
      LOG_LEVEL: 'info',
      ADC_CECREDENTIALS_CLIENTID: expect.any(String),
      ADC_CECREDENTIALS_CLIENTSECRET: expect.any(String),
      ADC_CECREDENTIALS_METASCOPES: expect.stringContaining('openid'),
      ADC_CECREDENTIALS_ORGID: expect.stringMatching(/@AdobeOrg$/),
      IMS_URL: sandbox.ims.url,
      AEM_AUTHOR_URLS: sandbox.aem.url,
      PIM_COMMUNICATOR: 'mock',
      FOLDER_ROOT: sandbox.folder.root,
      JOURNAL_URL: sandbox.journal.journalUrl,
    })
    expect(sandbox.env()).toEqual({
      __OW_API_HOST: sandbox.runtime.api.url,
      AIO_STATE_ENDPOINT: sandbox.state.url,
      __OW_NAMESPACE: expect.stringMatching(/^\d+-[a-z]+-[a-z]+$/),
      __OW_API_KEY: expect.stringContaining(':'),
    })
  })

  it('carries an event from AEM through the action back to AEM', async () => {
    const { aem, events, ims } = sandbox
    const asset = aem.addAsset({ path: '/content/dam/shop/lamp (2).png' })
    const trace = await events.deliver(aem.processingCompletedEvent(asset))
    expect(trace.state).toBe('done')
    expect(aem.asset(asset.id).assetMetadata).toEqual({
      'wknd-skuid': 'MockSKU 123',
      'wknd-suppliername': 'mock-supplier',
    })
    expect(ims.tokensIssued()).toBe(1)
  })

  it('keeps what is delivered, and what is held back, in the journal', async () => {
    const { aem, events, journal } = sandbox
    const before = journal.positions().length
    const asset = aem.addAsset({ path: '/content/dam/shop/held.png' })
    const published = aem.publicationEvent('published', asset)
    events.hold(published)
    await events.deliver(aem.processingCompletedEvent(asset))
    expect(journal.positions()).toHaveLength(before + 2)
    const inputs = sandbox.inputs()
    const credentials = {
      client_id: inputs.ADC_CECREDENTIALS_CLIENTID ?? '',
      client_secret: inputs.ADC_CECREDENTIALS_CLIENTSECRET ?? '',
      scope: inputs.ADC_CECREDENTIALS_METASCOPES ?? '',
    }
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...credentials })
    const granted = await fetch(`${inputs.IMS_URL}/ims/token/v3`, { method: 'POST', body })
    const { access_token: token } = (await granted.json()) as { access_token: string }
    const headers = {
      authorization: `Bearer ${token}`,
      'x-api-key': credentials.client_id,
      'x-ims-org-id': inputs.ADC_CECREDENTIALS_ORGID ?? '',
    }
    const answer = await fetch(inputs.JOURNAL_URL ?? '', { headers })
    const page = (await answer.json()) as { events: { event: JsonObject }[] }
    expect(page.events.at(-2)?.event).toMatchObject({ ...published, eventid: expect.any(String) })
  })

  it('registers every action by itself', () => {
    expect(sandbox.registration('generic')).toBe(sandbox.events)
    expect(() => sandbox.registration('none')).toThrow('none')
  })

  it('closes what it had started when something cannot start', async () => {
    const port = sandbox.aem.port
    await expect(startSandbox({ ports: { aem: port } })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(startSandbox({ actions: { a: { bundle: '/nowhere' } } })).rejects.toThrow('/nowhere')
    expect(await findTakenPort([port])).toBe(port)
  })
})

describe('a change in the PIM', () => {
  const pimEvents = { bundle: join(__dirname, 'fixtures', 'endings.cjs'), rawWeb: true }
  let sandbox: Sandbox
  afterEach(() => sandbox.close())

  it('reaches the web action that subscribes, with its inputs', async () => {
    const inputs = { how: 'params' }
    sandbox = await startSandbox({ actions: { 'pim-events': { ...pimEvents, inputs } } })
    sandbox.akeneo.catalogue.setProduct('LAMP-7')
    const [delivery] = await sandbox.pimEvents.delivery.deliverDue()
    expect(delivery).toMatchObject({
      state: 'delivered',
      event: { type: 'com.akeneo.pim.v1.product.created' },
    })
    const [{ secrets } = {}] = sandbox.pimEvents.platform.subscriptions()
    const seen = await fetch(sandbox.runtime.webUrl('pim-events'), { method: 'POST' })
    expect(await seen.json()).toMatchObject({
      PIM_COMMUNICATOR: 'akeneo',
      AKENEO_URL: sandbox.akeneo.url,
      AKENEO_EVENT_SECRETS: `${secrets?.primary},${secrets?.secondary}`,
    })
  })

  it('that nobody takes ends the subscription', async () => {
    sandbox = await startSandbox({ actions: { 'pim-events': { ...pimEvents, inputs: { how: 'exit' } } } })
    const { akeneo, pimEvents: feed } = sandbox
    akeneo.catalogue.setProduct('LAMP-7')
    await feed.delivery.deliverDue()
    expect(feed.platform.subscriptions()[0]?.status).toBe('suspended')
    akeneo.catalogue.setProduct('LAMP-8')
    expect(await feed.delivery.deliverDue()).toEqual([])
  })

  it('can be made by curl, and the answer tells what came of it', async () => {
    const inputs = { how: 'params' }
    sandbox = await startSandbox({
      actions: { 'pim-events': { ...pimEvents, inputs }, 'pim-sync': pimEvents },
    })
    const door = await startFrontDoor({ sandbox, onDelivery: () => undefined })
    const change = async (query: string) => {
      const response = await fetch(`${door.url}/product${query}`, { method: 'POST' })
      return { status: response.status, body: await response.json() }
    }
    const event = { type: 'com.akeneo.pim.v1.product.created', state: 'delivered', answer: 200 }
    expect(await change('?sku=LAMP%207&name=Desk%20lamp&supplier=Lux')).toMatchObject({
      status: 201,
      body: { sku: 'LAMP 7', events: [event], 'pim-sync': [] },
    })
    sandbox.clock.advance(1000)
    expect(await change('?sku=LAMP%207&name=Lamp')).toMatchObject({ status: 200 })
    expect(await change('?sku=LAMP%207&name=Lamp')).toMatchObject({ status: 200, body: { events: [] } })
    expect(sandbox.akeneo.catalogue.bySku('LAMP 7')?.values).toMatchObject({
      name: [{ locale: 'en_US', scope: null, data: 'Lamp' }],
      supplier: [{ locale: null, scope: null, data: 'Lux' }],
    })
    for (const [query, status, said] of [
      ['', 400, 'SKU'],
      ['?sku=A', 400, 'SKU'],
      ['?sku=A&colour=red', 422, 'There are: name'],
      ['?sku=A;B&name=x', 422, 'no identifier'],
    ] as const)
      expect(await change(query)).toEqual({ status, body: { error: expect.stringContaining(said) } })
    await door.close()
  })

  it('goes nowhere when nothing subscribes', async () => {
    sandbox = await startSandbox({ actions: { generic: { bundle } } })
    sandbox.akeneo.catalogue.setProduct('LAMP-7')
    expect(await sandbox.pimEvents.delivery.deliverDue()).toEqual([])
  })
})

describe('the front door', () => {
  let sandbox: Sandbox
  let door: SandboxServer
  const heard: number[] = []
  beforeAll(async () => {
    sandbox = await startSandbox({ actions: { generic: { bundle }, exporter: { bundle: exporter } } })
    const onDelivery = (_: JsonObject, answer: { status: number }) => heard.push(answer.status)
    door = await startFrontDoor({ sandbox, exporter: 'exporter', onDelivery })
  })
  afterAll(async () => {
    await door.close()
    await sandbox.close()
  })

  const call = async (method: string, path: string, body?: string) => {
    const init = { method, ...(body === undefined ? {} : { body }) }
    const response = await fetch(`${door.url}${path}`, init)
    return { status: response.status, body: (await response.json()) as JsonObject }
  }

  it('uploads, shows and delivers', async () => {
    const query = `?path=${encodePath('/content/dam/a & b/c?.jpg')}`
    const uploaded = await call('POST', `/upload${query}`)
    expect(uploaded).toMatchObject({
      status: 201,
      body: { path: '/content/dam/a & b/c?.jpg', answer: { status: 200, body: { message: 'done' } } },
    })
    const shown = await call('GET', `/assets${query}`)
    expect(shown).toMatchObject({ status: 200, body: { assetMetadata: { 'wknd-skuid': 'MockSKU 123' } } })
    const event = await call('GET', `/event${query}`)
    const delivered = await call('POST', '/events', JSON.stringify(event.body))
    expect(delivered).toMatchObject({ status: 200, body: { message: 'done' } })
    expect((await call('POST', `/upload${query}`)).status).toBe(200)
    expect(heard).toEqual([200, 200, 200])
  })

  it('moves the clock of the stand-ins forward, and never back', async () => {
    const before = sandbox.clock.now()
    expect((await call('POST', '/clock?minutes=90')).status).toBe(200)
    expect(sandbox.clock.now() - before).toBeGreaterThanOrEqual(90 * 60_000)
    for (const query of ['', '?minutes=-1', '?minutes=soon', '?minutes=99999999'])
      expect((await call('POST', `/clock${query}`)).status).toBe(400)
  })

  it('publishes, and shows what arrived', async () => {
    const query = `?path=${encodePath('/content/dam/shop/film.mp4')}`
    expect((await call('POST', `/upload${query}&mib=2`)).status).toBe(201)
    expect((await call('GET', '/exported')).body.files).toEqual([])

    const published = await call('POST', `/publish${query}`)

    const answer = { status: 200, body: { destinations: [{ outcome: 'done' }] } }
    expect(published).toMatchObject({ status: 200, body: { path: '/content/dam/shop/film.mp4', answer } })
    const asset = sandbox.aem.findByPath('/content/dam/shop/film.mp4')
    // So verify and backfill find it due.
    expect(asset?.repositoryMetadata).toMatchObject({
      isPublishedToAemPublish: true,
      'aem:published': expect.any(String),
    })
    const sha1 = asset?.repositoryMetadata['dam:sha1']
    expect((await call('GET', '/exported')).body).toMatchObject({
      folder: sandbox.folder.root,
      files: [{ key: 'shop/film.mp4', size: 2 * 1024 * 1024, sha1 }],
    })
    const event = await call('GET', `/event${query}&of=published`)
    const again = await call('POST', '/events', JSON.stringify(event.body))
    expect(again.body).toMatchObject({ destinations: [{ outcome: 'unchanged' }] })
    for (const by of ['proxy', 'old-proxy']) {
      const proxied = (await call('GET', `/event${query}&by=${by}`)).body
      const answer = await call('POST', '/events', JSON.stringify(proxied))
      expect(answer.body).toMatchObject({ destinations: [{ outcome: 'unchanged' }] })
    }
    expect((await call('POST', `/upload${query}&mib=1`)).status).toBe(200)
    expect(sandbox.aem.findByPath('/content/dam/shop/film.mp4')?.repositoryMetadata['repo:size']).toBe(
      1024 * 1024,
    )
  })

  it('uploads with metadata and renditions, and takes others with a new version', async () => {
    const path = '/content/dam/shop/dressed.jpg'
    const query = `?path=${encodePath(path)}`
    const dressed = { 'dc:title': 'Lamp', exportDestination: 's3', exportImmediately: null }
    const web = 'cq5dam.web.1280.1280.jpeg'
    const upload = (body: JsonObject) => call('POST', `/upload${query}`, JSON.stringify(body))

    expect((await upload({ metadata: dressed, renditions: [web] })).status).toBe(201)
    const asset = sandbox.aem.findByPath(path)
    expect(asset?.assetMetadata).toMatchObject({ 'dc:title': 'Lamp', exportDestination: 's3' })
    expect(asset?.assetMetadata).not.toHaveProperty('exportImmediately')
    expect(sandbox.aem.blobPath(asset?.id ?? '', web)).toMatch(/^\//)

    expect((await upload({ metadata: { 'dc:title': 'Lamp 2', exportDestination: null } })).status).toBe(200)
    const next = sandbox.aem.findByPath(path)
    expect(next?.assetMetadata).toMatchObject({ 'dc:title': 'Lamp 2', 'wknd-skuid': 'MockSKU 123' })
    expect(next?.assetMetadata).not.toHaveProperty('exportDestination')
    expect(sandbox.aem.blobPath(asset?.id ?? '', web)).toMatch(/^\//)
  })

  it('gives a shell the environment of npm run bridge', async () => {
    const lines = await (await fetch(`${door.url}/env`)).text()
    const script = `${lines}exec "${process.execPath}" -p 'JSON.stringify(process.env)'`
    const seen = JSON.parse(execFileSync('sh', ['-c', script], { encoding: 'utf8' }))
    expect(seen).toMatchObject(sandbox.operatorEnv())
    expect(seen).toMatchObject({
      ADC_CECREDENTIALS_CLIENTSECRET: sandbox.inputs().ADC_CECREDENTIALS_CLIENTSECRET,
      AKENEO_EVENTS_URL: sandbox.pimEvents.platform.apiUrl,
      AIO_runtime_namespace: sandbox.env().__OW_NAMESPACE,
    })
    expect(exportLines({ A: "it's" })).toBe("export A='it'\\''s'\n")
  })

  it('answers what the action answers, a failure too', async () => {
    const answer = await call('POST', '/events', '{"type":"odd"}')
    expect(answer).toEqual({ status: 400, body: { message: 'no event' } })
  })

  it.each([
    ['POST', '/upload', undefined, 400, '?path=/content/dam/'],
    ['POST', '/upload?path=/etc/passwd', undefined, 400, 'not a file below /content/dam'],
    ['POST', '/upload?path=/content/dam/../etc/passwd', undefined, 400, 'not a file below /content/dam'],
    ['POST', '/upload?path=/content/dam/shop/%2e%2e/%2e%2e/x.jpg', undefined, 400, 'not a file below'],
    ['POST', '/upload?path=/content/dam/./a.jpg', undefined, 400, 'not a file below /content/dam'],
    ['POST', '/upload?path=/content/dam//a.jpg', undefined, 400, 'not a file below /content/dam'],
    ['POST', '/upload?path=/content/damx/a.jpg', undefined, 400, 'not a file below /content/dam'],
    ['POST', '/publish?path=/content/dam/../a.jpg', undefined, 400, 'not a file below /content/dam'],
    ['POST', '/upload?path=/content/dam/folder/', undefined, 400, 'not a file'],
    ['POST', '/upload?path=/content/dam/a.jpg&mib=5000', undefined, 400, 'up to 4096'],
    ['POST', '/upload?path=/content/dam/a.jpg&mib=x', undefined, 400, 'mib=x'],
    ['POST', '/upload?path=/content/dam/a.jpg', 'dc:title=Lamp', 400, 'no JSON object. Send'],
    ['POST', '/upload?path=/content/dam/a.jpg', '{"title":"Lamp"}', 400, 'has title'],
    ['POST', '/upload?path=/content/dam/a.jpg', '{"metadata":[]}', 400, 'metadata is no object'],
    ['POST', '/upload?path=/content/dam/a.jpg', '{"renditions":["a/b"]}', 400, 'no name of a rendition'],
    ['POST', '/publish', undefined, 400, '?path=/content/dam/'],
    ['POST', '/publish?path=/content/dam/none.jpg', undefined, 404, 'POST /upload?path='],
    ['POST', '/deploy', undefined, 400, '?<input>=<value>'],
    ['POST', '/deploy?COLOUR=red', undefined, 422, 'GET /env'],
    ['POST', '/events', '{"type":', 400, 'not valid JSON'],
    ['POST', '/events', '[]', 400, 'not an object'],
    [
      'GET',
      '/assets?path=/content/dam/no%20such.jpg',
      undefined,
      404,
      'POST /upload?path=/content/dam/no%20such.jpg',
    ],
    ['GET', '/', undefined, 404, 'There are: POST /upload'],
  ])('says what to do about %s %s', async (method, path, body, status, error) => {
    const answer = await call(method, path, body)
    expect(answer).toEqual({ status, body: { error: expect.stringContaining(error) } })
  })
})

describe('what is deployed', () => {
  it('names the packages that are missing and what to do', () => {
    expect(() => checkDependencies(projectRoot)).not.toThrow()
    expect(() => checkDependencies(tmpdir())).toThrow(SetupError)
    expect(() => checkDependencies(tmpdir())).toThrow('npm ci')
  })

  it('runs with the limits of ext.config.yaml', () => {
    expect(builtActions(join(projectRoot, 'sample-config'))).toMatchObject({
      generic: { timeoutMs: 60_000, memoryMb: 256, concurrency: 200, provideApiKey: true },
      'export-asset': { timeoutMs: 60_000, memoryMb: 256, concurrency: 4, provideApiKey: true },
      'export-worker': { timeoutMs: 10_800_000, memoryMb: 256, provideApiKey: true },
    })
  })

  it('has the usual limits where none are declared, and none that the platform refuses', () => {
    const text = (action: string) => `runtimeManifest: { packages: { pkg: { actions: { one: ${action} } } } }`
    expect(readDeployment(text('{ function: a.ts }'))).toEqual({
      packageName: 'pkg',
      actions: [
        {
          name: 'one',
          timeoutMs: 60_000,
          memoryMb: 256,
          concurrency: 200,
          rawWeb: false,
          provideApiKey: false,
          final: false,
        },
      ],
    })
    for (const limits of ['timeout: 10800001', 'memorySize: 64', 'concurrency: 501', 'concurrency: 1.5'])
      expect(() => readDeployment(text(`{ limits: { ${limits} } }`))).toThrow(limits.split(':')[0])
    expect(() => readDeployment('{}')).toThrow('declares no package')
  })
})

describe('printing', () => {
  it('draws tables, durations and, on a terminal, colours', () => {
    expect(table(['a', 'long title'], [['wide cell', 'b']])).toEqual([
      'a         | long title',
      '----------|-----------',
      'wide cell | b',
    ])
    expect([milliseconds(1.234), milliseconds(45.6)]).toEqual(['1.2 ms', '46 ms'])
    expect(mebibytes(1.4 * 1024 * 1024)).toBe('1 MiB')
    expect(createPaint(true).green('x')).toBe('\u001b[32mx\u001b[0m')
  })
})
