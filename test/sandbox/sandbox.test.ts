import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDependencies, findBundle, projectRoot, SetupError } from '../../sandbox/build'
import { runDemo } from '../../sandbox/demo'
import { encodePath, startFrontDoor } from '../../sandbox/front-door'
import type { JsonObject } from '../../sandbox/json'
import { findTakenPort } from '../../sandbox/ports'
import { createPaint, milliseconds, table } from '../../sandbox/print'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import type { SandboxServer } from '../../sandbox/server'

const bundle = join(__dirname, 'fixtures', 'enricher.cjs')

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
    })
    expect(sandbox.env()).toEqual({
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

  it('closes what it had started when something cannot start', async () => {
    const port = sandbox.aem.port
    await expect(startSandbox({ ports: { aem: port } })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(startSandbox({ actions: { a: { bundle: '/nowhere' } } })).rejects.toThrow('/nowhere')
    expect(await findTakenPort([port])).toBe(port)
  })
})

describe('the front door', () => {
  let sandbox: Sandbox
  let door: SandboxServer
  const heard: number[] = []
  beforeAll(async () => {
    sandbox = await startSandbox({ actions: { generic: { bundle } } })
    door = await startFrontDoor({ sandbox, onDelivery: (_, answer) => heard.push(answer.status) })
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

  it('answers what the action answers, a failure too', async () => {
    const answer = await call('POST', '/events', '{"type":"odd"}')
    expect(answer).toEqual({ status: 400, body: { message: 'no event' } })
  })

  it.each([
    ['POST', '/upload', undefined, 400, '?path=/content/dam/'],
    ['POST', '/upload?path=/etc/passwd', undefined, 400, 'not a file below /content/dam'],
    ['POST', '/upload?path=/content/dam/folder/', undefined, 400, 'not a file'],
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

describe('the demonstration', () => {
  const play = async (file: string) => {
    const lines: string[] = []
    const good = await runDemo({ bundle: file, write: (line) => lines.push(line), paint: createPaint(false) })
    return { good, text: lines.join('\n') }
  }

  it('tells what happened, step by step', async () => {
    const { good, text } = await play(bundle)
    expect(good).toBe(true)
    for (let step = 1; step <= 6; step += 1) expect(text).toContain(`${step}. `)
    expect(text).toMatch(/dc:title +\| Garden chair +\| Garden chair/)
    expect(text).toMatch(/wknd-skuid +\| \(none\) +\| MockSKU 123/)
    expect(text).toMatch(/requests to AEM +3 \(reads 2, writes 1\)/)
    expect(text).toContain('All as expected.')
    expect(text).not.toContain('\u001b')
  })

  it('says what was expected when a step fails', async () => {
    const { good, text } = await play(join(__dirname, 'fixtures', 'endings.cjs'))
    expect(good).toBe(false)
    expect(text).toContain('expected: the challenge comes back with status 200')
    expect(text).toContain("The action's log:")
  })

  it('notices when something else is written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-'))
    try {
      const wrong = readFileSync(bundle, 'utf8').replace('mock-supplier', 'someone else')
      writeFileSync(join(folder, 'index.js'), wrong)
      const { good, text } = await play(folder)
      expect(good).toBe(false)
      expect(text).toMatch(/expected: wknd-suppliername is "mock-supplier"\n +found: +someone else/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the build', () => {
  it('names the packages that are missing and what to do', () => {
    expect(() => checkDependencies(projectRoot)).not.toThrow()
    expect(() => checkDependencies(tmpdir())).toThrow(SetupError)
    expect(() => checkDependencies(tmpdir())).toThrow('npm ci')
  })

  it('finds the built action, in our own package first', () => {
    const root = mkdtempSync(join(tmpdir(), 'build-'))
    try {
      expect(findBundle(root, 'generic')).toBeUndefined()
      const folder = (name: string) => join(root, 'dist', 'application', 'actions', name, 'generic-temp')
      for (const name of ['another', 'asset-bridge']) {
        mkdirSync(folder(name), { recursive: true })
        expect(findBundle(root, 'generic')).toBe(name === 'another' ? undefined : folder('another'))
        writeFileSync(join(folder(name), 'index.js'), '')
      }
      expect(findBundle(root, 'generic')).toBe(folder('asset-bridge'))
    } finally {
      rmSync(root, { recursive: true })
    }
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
    expect(createPaint(true).green('x')).toBe('\u001b[32mx\u001b[0m')
  })
})
