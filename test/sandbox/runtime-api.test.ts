import { join } from 'node:path'
import openwhisk from 'openwhisk'
import { createClock } from '../../sandbox/clock'
import { type RuntimeStandIn, startRuntime } from '../../sandbox/runtime/runtime'

const bundle = join(__dirname, 'fixtures', 'endings.cjs')
const auth = 'id:key'
const clock = createClock()
let runtime: RuntimeStandIn

beforeAll(async () => {
  runtime = await startRuntime({
    clock,
    namespace: '123-app',
    auth,
    packageName: 'pkg',
    maxActivations: 3,
    blockingMs: 300,
    actions: {
      many: { bundle, inputs: { how: 'params', secret: 's' }, provideApiKey: true },
      plain: { bundle, timeoutMs: 120_000 },
      closed: { bundle, inputs: { how: 'params', secret: 's' }, final: true },
    },
  })
})
afterEach(() => runtime.idle())
afterAll(() => runtime.close())

const client = (options: { api_key?: string; namespace?: string } = {}) =>
  openwhisk({ apihost: runtime.api.url, namespace: '123-app', api_key: auth, ...options })

const invoke = (name: string, params = {}) => client().actions.invoke({ name, params, blocking: false })

const call = async (
  method: string,
  path: string,
  { body, key = auth }: { body?: string; key?: string } = {},
) => {
  const response = await fetch(`${runtime.api.url}/api/v1/namespaces/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(key).toString('base64')}` },
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, body: (await response.json()) as { activationId: string } }
}

describe('invoking without blocking, by the client that actions use', () => {
  it('answers an id at once; the record comes with the end', async () => {
    const { activationId } = await invoke('pkg/many', { how: 'wait', wait: 50 })
    expect(activationId).toMatch(/^[0-9a-f]{32}$/)
    await expect(client().activations.get({ name: activationId })).rejects.toMatchObject({ statusCode: 404 })

    await runtime.idle()

    expect(await client().activations.get({ name: activationId })).toMatchObject({
      activationId,
      namespace: '123-app',
      name: 'many',
      response: { status: 'success', success: true, statusCode: 0, result: { statusCode: 200 } },
    })
    expect(runtime.api.requests[0]).toMatchObject({ method: 'POST', status: 202 })
  })

  it('merges the parameters over the bound inputs, which no caller sends', async () => {
    const { activationId } = await invoke('pkg/many', { a: 1 })
    await runtime.idle()
    const [record] = runtime.activations('many').filter((it) => it.activationId === activationId)
    expect(record?.response.result).toMatchObject({ body: { how: 'params', secret: 's', a: 1 } })
  })

  it('refuses parameters that name a bound input of a final action, and takes all others', async () => {
    await expect(invoke('pkg/closed', { secret: 'mine' })).rejects.toMatchObject({ statusCode: 400 })
    const { activationId } = await invoke('pkg/closed', { a: 1 })
    await runtime.idle()
    const records = runtime.activations('closed')
    expect(records.map((it) => [it.activationId, it.response.result])).toEqual([
      [activationId, expect.objectContaining({ body: expect.objectContaining({ secret: 's', a: 1 }) })],
    ])
  })

  it('gives the deadline of the limits, and the key to those that asked for it', async () => {
    const begin = Date.now()
    await invoke('pkg/plain', { how: 'env' })
    await invoke('pkg/many', { how: 'env' })
    await runtime.idle()
    const env = (name: string) =>
      runtime.activations(name).at(-1)?.response.result as {
        body: { deadline: string; apiKey: string; name: string; apiHost: string }
      }
    expect(env('plain').body).toMatchObject({
      apiKey: null,
      name: '/123-app/pkg/plain',
      apiHost: runtime.api.url,
    })
    expect(env('many').body.apiKey).toBe(auth)
    expect(Number(env('plain').body.deadline) - begin).toBeGreaterThanOrEqual(120_000)
    expect(Number(env('many').body.deadline) - begin).toBeLessThan(90_000)
  })

  it('records failures, too', async () => {
    const { activationId } = await invoke('pkg/many', { how: 'applicationError' })
    const { activationId: crashed } = await invoke('pkg/plain', { how: 'exit' })
    await runtime.idle()
    const statuses = await Promise.all(
      [activationId, crashed].map(
        async (name) => (await client().activations.get({ name })).response?.status,
      ),
    )
    expect(statuses).toEqual(['application error', 'action developer error'])
  })

  it('takes no more at once than the namespace may have', async () => {
    const accepted = await Promise.all([1, 2, 3].map(() => invoke('pkg/many', { how: 'wait', wait: 200 })))
    await expect(invoke('pkg/many')).rejects.toMatchObject({ statusCode: 429 })
    await runtime.idle()
    expect((await invoke('pkg/many')).activationId).not.toBe(accepted[0]?.activationId)
  })

  it('goes wrong on demand', async () => {
    for (const status of [429, 500, 503]) {
      runtime.api.faults.add({ times: 1, fault: { kind: 'status', status } })
      await expect(invoke('pkg/many')).rejects.toMatchObject({ statusCode: status })
    }
    runtime.api.faults.add({ times: 1, fault: { kind: 'reset' } })
    await expect(invoke('pkg/many')).rejects.toThrow(/socket|ECONNRESET/)
    expect((await invoke('pkg/many')).activationId).toBeDefined()
  })
})

describe('what the API refuses', () => {
  it.each([
    ['a wrong key', { api_key: 'id:other' }, 'pkg/many', 401],
    ['another namespace', { namespace: 'somebody' }, 'pkg/many', 403],
    ['an action that is not deployed', {}, 'pkg/none', 404],
    ['another package', {}, 'other/many', 404],
    ['an action without its package', {}, 'many', 404],
  ])('%s', async (_, options, name, statusCode) => {
    const invoked = client(options).actions.invoke({ name, params: {}, blocking: false })
    await expect(invoked).rejects.toMatchObject({ statusCode })
  })

  it('parameters over 1 MB, and what is no object', async () => {
    const before = runtime.activations().length
    const path = '_/actions/pkg/many'
    const large = JSON.stringify({ pad: 'x'.repeat(1024 * 1024) })
    expect((await call('POST', path, { body: large })).status).toBe(413)
    expect((await call('POST', path, { body: '[1]' })).status).toBe(400)
    expect((await call('POST', path, { body: '{' })).status).toBe(400)
    expect((await call('GET', path)).status).toBe(405)
    expect((await call('POST', '%E0/actions/pkg/many')).status).toBe(404)
    expect(runtime.activations()).toHaveLength(before)
  })

  it('a request without a key', async () => {
    expect((await fetch(`${runtime.api.url}/api/v1/namespaces/_/actions/pkg/many`)).status).toBe(401)
  })
})

describe('invoking with blocking', () => {
  const path = '_/actions/pkg/many?blocking=true'

  it('answers the record, or the result alone; a success is not kept', async () => {
    const whole = await call('POST', path)
    expect(whole).toMatchObject({ status: 200, body: { response: { success: true } } })
    expect((await call('GET', `_/activations/${whole.body.activationId}`)).status).toBe(404)
    const result = await call('POST', `${path}&result=true`, { body: '{"a":2}' })
    expect(result).toMatchObject({ status: 200, body: { statusCode: 200, body: { a: 2 } } })
  })

  it('answers 502 when the action fails, and keeps the record', async () => {
    const failed = await call('POST', path, { body: '{"how":"applicationError"}' })
    expect(failed).toMatchObject({ status: 502, body: { response: { status: 'application error' } } })
    const kept = await call('GET', `_/activations/${failed.body.activationId}/result`)
    expect(kept).toMatchObject({ status: 200, body: { success: false } })
  })

  it('answers 202 when it takes too long; it goes on', async () => {
    const slow = await call('POST', path, { body: '{"how":"wait","wait":600}' })
    expect(slow).toEqual({ status: 202, body: { activationId: expect.any(String) } })
    await runtime.idle()
    expect(runtime.logs('many')).toContain('END_OF_A_WHISK_ACTIVATION')
  })
})

it('keeps the newest thousand records', async () => {
  const small = await startRuntime({ actions: { many: { bundle, inputs: { how: 'applicationError' } } } })
  try {
    const first = await small.invoke('many')
    for (let i = 0; i < 20; i += 1) await Promise.all(Array.from({ length: 50 }, () => small.invoke('many')))
    const ids = small.activations().map(({ activationId }) => activationId)
    expect(ids).toHaveLength(1000)
    expect(ids).not.toContain(first.activationId)
  } finally {
    await small.close()
  }
})

describe('the list of activations', () => {
  const list = (query: string) => call('GET', `_/activations${query}`)

  it('has neither logs nor answers, which are asked for by id', async () => {
    const { activationId } = await invoke('pkg/plain', { how: 'log' })
    await runtime.idle()
    const { status, body } = await list('?limit=1')
    expect([status, body]).toEqual([
      200,
      [expect.objectContaining({ activationId, name: 'plain', statusCode: 0 })],
    ])
    expect(JSON.stringify(body)).not.toMatch(/"logs"|"response"/)
    expect(await client().activations.logs({ name: activationId })).toEqual({ logs: expect.any(Array) })
  })

  it('is cut by skip and limit, and by when they began', async () => {
    const begin = clock.now()
    await invoke('pkg/plain')
    await runtime.idle()
    const some = await client().activations.list({ since: begin, limit: 200 })
    expect(some).toHaveLength(1)
    expect(await client().activations.list({ since: begin, skip: 1 })).toEqual([])
    expect(await client().activations.list({ upto: begin - 86_400_000 })).toEqual([])
  })

  it.each(['?limit=201', '?limit=-1', '?since=yesterday', '?order=asc'])('refuses %s', async (query) => {
    expect((await list(query)).status).toBe(400)
  })
})
