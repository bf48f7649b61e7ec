import { join } from 'node:path'
import type { Fault } from '../../sandbox/faults'
import { type RuntimeStandIn, startRuntime } from '../../sandbox/runtime/runtime'
import { createActivations, type RuntimeCredentials } from '../../src/delivery/activations'
import { startRawServer, until } from '../support/raw-server'

const bundle = join(__dirname, '../sandbox/fixtures/endings.cjs')
const apiKey = 'user:pass word'
let runtime: RuntimeStandIn
let known: RuntimeCredentials

beforeAll(async () => {
  runtime = await startRuntime({
    namespace: '1-app-stage',
    auth: apiKey,
    packageName: 'asset-bridge',
    actions: { 'export-worker': { bundle, inputs: { how: 'params' } } },
  })
  known = {
    apiHost: runtime.api.url,
    namespace: '1-app-stage',
    apiKey,
    actionName: '/1-app-stage/asset-bridge/export-asset',
  }
})
afterEach(() => runtime.api.faults.clear())
afterAll(() => runtime.close())

const never = new AbortController().signal
const start = (credentials: Partial<RuntimeCredentials> = {}, action = 'export-worker', signal = never) =>
  createActivations({ ...known, ...credentials }, { timeoutMs: 400 }).start(
    action,
    { pending: ['a'] },
    signal,
  )
const failed = (fault: Fault) => {
  runtime.api.faults.add({ fault })
  return start().then(
    () => undefined,
    (error: unknown) => error,
  )
}

test('the action of the same package runs with the parameters; the answer is its activation', async () => {
  const id = await start()

  await runtime.idle()
  const [record] = runtime.activations()
  expect(record).toMatchObject({
    activationId: id,
    name: 'export-worker',
    response: { result: { body: { pending: ['a'] } } },
  })
  expect(runtime.api.requests[0]).toMatchObject({
    method: 'POST',
    path: '/api/v1/namespaces/1-app-stage/actions/asset-bridge/export-worker',
    query: { blocking: 'false' },
    body: '{"pending":["a"]}',
  })
})

test('it does not wait for the end', async () => {
  const started = createActivations(known).start('export-worker', { how: 'wait', wait: 500 }, never)
  const id = await started

  expect(runtime.activations().map(({ activationId }) => activationId)).not.toContain(id)
  await runtime.idle()
  expect(runtime.activations().map(({ activationId }) => activationId)).toContain(id)
})

test('an action outside a package starts one outside', async () => {
  await expect(start({ actionName: '/1-app-stage/export-asset' })).rejects.toMatchObject({ status: 404 })

  expect(runtime.api.requests.at(-1)?.path).toBe('/api/v1/namespaces/1-app-stage/actions/export-worker')
})

test.each(['apiHost', 'namespace', 'apiKey', 'actionName'] as const)(
  'without %s nothing is sent, and the operator hears what to do',
  async (name) => {
    const sent = runtime.api.requests.length

    await expect(start({ [name]: undefined })).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'RUNTIME_WITHOUT_CREDENTIALS',
      message: expect.stringContaining('provide-api-key'),
    })
    expect(runtime.api.requests).toHaveLength(sent)
  },
)

describe('what an operator has to mend is systemic', () => {
  test.each([
    ['a wrong key', { apiKey: 'user:wrong' }, 'export-worker', 401],
    ['the key of another namespace', { namespace: 'other' }, 'export-worker', 403],
    ['an action that is not deployed', {}, 'none', 404],
  ])('%s', async (_, credentials, action, status) => {
    await expect(start(credentials, action)).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'RUNTIME_REFUSED',
      upstream: 'RUNTIME',
      status,
      message: expect.stringMatching(new RegExp(`${action} \\(${status}\\) \\(it says: .+\\)`)),
    })
  })
})

describe('what may pass is transient', () => {
  test.each<[string, Fault, string]>([
    ['429', { kind: 'status', status: 429 }, 'status 429 (it says: Injected fault)'],
    ['500', { kind: 'status', status: 500 }, 'status 500 (it says: Injected fault)'],
    [
      '503 with a page',
      {
        kind: 'status',
        status: 503,
        headers: { 'content-type': 'text/html; charset=ISO-8859-1' },
        body: '<p>',
      },
      'status 503',
    ],
    ['an answer that is cut, which the library does not notice', { kind: 'cut' }, 'no answer within 400 ms'],
    ['a connection that is reset', { kind: 'reset' }, 'no answer'],
    ['an answer that gets lost', { kind: 'resetAfter' }, 'no answer'],
    ['a page with status 200', { kind: 'html' }, 'its answer names no activation'],
    [
      'a redirect, which is not followed',
      { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      'its answer names no activation',
    ],
    [
      'JSON without an activation',
      { kind: 'status', status: 200, body: { id: 1 } },
      'its answer names no activation',
    ],
    ['null', { kind: 'status', status: 200, body: null }, 'its answer names no activation'],
    ['no answer at all', { kind: 'hang' }, 'no answer within 400 ms'],
    ['an answer that stops in the middle', { kind: 'stall', afterBytes: 5 }, 'no answer within 400 ms'],
  ])('%s', async (_, fault, why) => {
    const error = await failed(fault)

    expect(error).toMatchObject({
      failureClass: 'transient',
      code: 'RUNTIME_UNAVAILABLE',
      message: `I/O Runtime did not start export-worker: ${why}`,
    })
  })

  test('nobody listens there', async () => {
    await expect(start({ apiHost: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      failureClass: 'transient',
    })
  })

  test('a host without a scheme is spoken to by TLS only', async () => {
    const sent = runtime.api.requests.length

    await expect(start({ apiHost: runtime.api.host })).rejects.toMatchObject({ failureClass: 'transient' })
    expect(runtime.api.requests).toHaveLength(sent)
  })
})

describe('when the time of the caller is up', () => {
  test('it ends with the reason of the signal, and the connection with it', async () => {
    const silent = await startRawServer(() => undefined)
    try {
      const controller = new AbortController()
      const credentials = { ...known, apiHost: silent.url }
      const started = createActivations(credentials).start('export-worker', {}, controller.signal)
      await until(() => silent.requests.length === 1, 'the request is there')
      const reason = new Error('the time is up')
      controller.abort(reason)

      await expect(started).rejects.toBe(reason)
      await until(() => silent.open() === 0, 'the connection is closed')
    } finally {
      await silent.close()
    }
  })

  test('nothing is sent any more', async () => {
    const sent = runtime.api.requests.length

    await expect(start({}, 'export-worker', AbortSignal.abort(new Error('too late')))).rejects.toThrow(
      'too late',
    )
    expect(runtime.api.requests).toHaveLength(sent)
  })
})

test('no error carries the key, in plain or as it is sent', async () => {
  const basic = Buffer.from(apiKey).toString('base64')
  const errors = [
    await start({ apiKey: 'user:pass word 2' }).catch((error: unknown) => error),
    await failed({ kind: 'status', status: 500, body: { error: `no ${apiKey} ${basic}` } }),
  ]

  for (const error of errors) {
    expect(error).toBeInstanceOf(Error)
    const text = `${JSON.stringify(error)} ${String(error)} ${String((error as Error).cause)}`
    expect([text.includes('pass word'), text.includes(basic)]).toEqual([false, false])
  }
})
