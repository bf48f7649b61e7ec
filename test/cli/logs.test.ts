import { join } from 'node:path'
import type { JsonObject } from '../../sandbox/json'
import { type RuntimeStandIn, startRuntime } from '../../sandbox/runtime/runtime'
import { json, startServer } from '../../sandbox/server'
import { logLine } from '../../src/core/log-line'
import { createRedactor } from '../../src/core/redaction'
import { createCommands } from '../support/commands'

const bundle = join(__dirname, '../sandbox/fixtures/chatty.cjs')
const auth = 'id:runtime-secret'
const hour = 3_600_000
let behindMs = 0
const clock = {
  now: () => Date.now() - behindMs,
  advance: (ms: number) => {
    behindMs -= ms
  },
}
const lamp = {
  event: { source: 'acct:aem-p1-e2@adobe.com', id: 'event-1' },
  assetId: 'urn:aaid:aem:11111111-0000-4000-8000-000000000000',
  path: '/content/dam/shop/lamp "new".png',
}
const other = { event: { source: 'x', id: 'event-10' }, path: '/content/dam/shop/lamp "new".png2' }
const line = (message: string, fields: JsonObject): string =>
  `[asset-bridge] info: ${logLine(message, fields, createRedactor())}`

let runtime: RuntimeStandIn
beforeEach(async () => {
  behindMs = 0
  const actions = { generic: { bundle, concurrency: 1 }, 'export-worker': { bundle, concurrency: 1 } }
  runtime = await startRuntime({ clock, namespace: '1-app-stage', auth, actions })
})
afterEach(() => runtime.close())

const commands = createCommands(() => ({
  AIO_runtime_namespace: '1-app-stage',
  AIO_runtime_auth: auth,
  AIO_runtime_apihost: runtime.api.url,
}))
const logs = async (...args: string[]) => {
  const { code, stdout, stderr } = await commands(['logs', ...args, '--json'])
  return { code, stderr, ...JSON.parse(stdout) }
}
/** Starts an action that nobody waits for. */
async function start(action: string, params: JsonObject): Promise<void> {
  await fetch(`${runtime.api.url}/api/v1/namespaces/_/actions/asset-bridge/${action}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(auth).toString('base64')}` },
    body: JSON.stringify(params),
  })
  await runtime.idle()
}

test.each([lamp.event.id, lamp.assetId, lamp.path])(
  'tells the lines that name %s, oldest first, with the activation, and no others',
  async (name) => {
    await runtime.invoke('generic', {
      lines: [line('an event failed', lamp), line('something', other)],
      fails: true,
    })
    clock.advance(1_000)
    await start('export-worker', { lines: [line('something', other)], wrong: [line('worked off', lamp)] })

    const { code, activations, read } = await logs(name)

    expect(code).toBe(0)
    expect(activations).toEqual([
      {
        id: runtime.activations('generic')[0]?.activationId,
        action: 'generic',
        start: expect.stringMatching(/Z$/),
        status: 'application error',
        lines: [expect.stringMatching(/Z stdout: .*an event failed \{/)],
      },
      expect.objectContaining({
        action: 'export-worker',
        status: 'success',
        lines: [expect.stringMatching(/Z stderr: .*worked off/)],
      }),
    ])
    expect(read).toMatchObject({ since: 'P1D', activations: 2, stopped: 'end' })
  },
)

test('tells what was logged before an activation ended by itself', async () => {
  await runtime.invoke('generic', { lines: [line('begun', lamp)], leave: true })
  const { activations } = await logs('event-1')
  expect(activations).toMatchObject([
    { status: 'developer error', lines: [expect.stringContaining('begun')] },
  ])
})

test('says that a delivery that succeeded leaves no log', async () => {
  await runtime.invoke('generic', { lines: [line('answered', lamp)] })

  const { code, stdout } = await commands(['logs', 'event-1'])

  expect(code).toBe(0)
  expect(stdout).toContain('no log line names event-1\n')
  expect(stdout).toMatch(/read back to P1D ago \(0 activations\)/)
  expect(stdout).toMatch(/A delivery that succeeded leaves none\./)
  expect(await logs('event-1')).toMatchObject({
    activations: [],
    note: expect.stringContaining('leaves none'),
  })
})

test('reads as far back as it is told', async () => {
  behindMs = 3 * hour
  await start('generic', { lines: [line('old', lamp)] })
  expect(await logs('event-1', '--since', 'PT2H')).toMatchObject({
    activations: [],
    read: { activations: 0 },
  })
  expect(await logs('event-1', '--since', '4h')).toMatchObject({ read: { since: 'PT4H', activations: 1 } })
})

test('what is in a log cannot steer the terminal, pass for a line, or tell a secret', async () => {
  const evil = `\u001b[2J\u202eevil ${auth}`
  await start('generic', { lines: [`${evil} ${JSON.stringify('event-1')}`] })

  const { stdout } = await commands(['logs', 'event-1'])
  expect(stdout).toContain('\\u001b[2J\\u202eevil')
  const json = (await commands(['logs', 'event-1', '--json'])).stdout
  for (const text of [stdout, json])
    for (const hidden of ['\u001b', '\u202e', auth]) expect(text).not.toContain(hidden)
})

test('a key that is refused, and wrong usage, are failures of their own', async () => {
  const { code, stdout } = await commands(['logs', 'event-1', '--json'], { AIO_runtime_auth: 'id:other' })
  expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'RUNTIME_REFUSED'])
  expect((await commands(['logs'])).code).toBe(2)
  expect((await commands(['logs', ' '])).code).toBe(2)
  expect((await commands(['logs', 'x', '--since', 'soon'])).code).toBe(2)
})

test('stops after a thousand activations, and says where', async () => {
  const now = Date.now()
  const asked: string[] = []
  const server = await startServer({
    clock,
    handle: ({ path, query }) => {
      asked.push(path)
      const at = (index: number) => ({
        activationId: `a${index}`,
        name: 'generic',
        start: now - index * 1_000,
        statusCode: 0,
        // The second package is none of ours.
        annotations: [
          { key: 'path', value: `1-app-stage/${index % 50 === 0 ? 'asset-bridge' : 'other'}/generic` },
        ],
      })
      const [limit, skip] = [Number(query.limit), Number(query.skip)]
      return path.endsWith('/logs')
        ? json(200, { logs: [`stdout: ${JSON.stringify('event-1')}`] })
        : json(
            200,
            Array.from({ length: limit }, (_, index) => at(skip + index)),
          )
    },
  })
  try {
    const env = { AIO_runtime_apihost: server.url }
    const { stdout } = await commands(['logs', 'event-1', '--json'], env)
    const { activations, read } = JSON.parse(stdout)
    const from = new Date(now - 999_000).toISOString()
    expect(read).toEqual({ since: 'P1D', activations: 1_000, from, stopped: 'limit' })
    expect(activations).toHaveLength(20)
    expect(asked.filter((path) => path.endsWith('/logs'))).toHaveLength(20)
    const told = (await commands(['logs', 'event-1'], env)).stdout
    expect(told).toContain(`the activations were read back to the limit of 1000 activations, at ${from}`)
  } finally {
    await server.close()
  }
})
