import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { JsonObject } from '../../sandbox/json'
import { type RuntimeStandIn, startRuntime } from '../../sandbox/runtime/runtime'

const bundle = join(__dirname, 'fixtures', 'endings.cjs')
let runtime: RuntimeStandIn
/** Has room for two activations, and waits for none. */
let hasty: RuntimeStandIn

beforeAll(async () => {
  const slow = { bundle, inputs: { how: 'wait', wait: 900 }, rawWeb: true }
  hasty = await startRuntime({ maxActivations: 2, blockingMs: 300, actions: { slow } })
  runtime = await startRuntime({
    actions: {
      echo: { bundle, inputs: { how: 'params', secret: 's' }, rawWeb: true },
      error: { bundle, inputs: { how: 'applicationError' }, rawWeb: true },
      text: { bundle, inputs: { how: 'errorText' }, rawWeb: true },
      reject: { bundle, inputs: { how: 'reject' }, rawWeb: true },
      crash: { bundle, inputs: { how: 'exit' }, rawWeb: true },
      said: { bundle, inputs: { how: 'said' }, rawWeb: true },
      hidden: { bundle, inputs: { how: 'ok' } },
    },
  })
})
afterEach(() => Promise.all([runtime.idle(), hasty.idle()]))
afterAll(() => Promise.all([runtime.close(), hasty.close()]))

const call = (action: string, init: RequestInit = {}, rest = '') =>
  fetch(`${runtime.webUrl(action)}${rest}`, init)
const echoed = async (init: RequestInit, rest = ''): Promise<JsonObject> =>
  (await (await call('echo', init, rest)).json()) as JsonObject

describe('a raw web action', () => {
  it('gets the request as it came, and its own inputs, which no request can set', async () => {
    const params = await echoed(
      { method: 'PUT', headers: { 'X-Some-Header': 'One' }, body: 'hello' },
      '/a/b?secret=mine&x=1',
    )
    expect(params).toMatchObject({
      secret: 's',
      __ow_method: 'put',
      __ow_path: '/a/b',
      __ow_query: 'secret=mine&x=1',
      __ow_headers: { 'x-some-header': 'One', 'content-type': 'text/plain;charset=UTF-8' },
      __ow_body: 'hello',
    })
    expect(params).not.toHaveProperty('x')
  })

  it.each([
    ['application/json', true],
    ['application/json; charset=utf-8', true],
    ['application/cloudevents+json', true],
    ['application/cloudevents+json; charset=utf-8', false],
    ['application/octet-stream', true],
    ['text/plain', false],
    ['application/x-www-form-urlencoded', false],
  ])('gets the body of %s in Base64: %s', async (type, encoded) => {
    const { __ow_body: body } = await echoed({
      method: 'POST',
      headers: { 'content-type': type },
      body: '{"ä":1}',
    })
    expect(body).toBe(encoded ? Buffer.from('{"ä":1}').toString('base64') : '{"ä":1}')
  })

  it.each([
    ['text/plain', 'abc ', 200, 'abc '],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'x 1\n', 200, 'x 1\n'],
    // what has no charset and is not known is binary, and its body Base64
    ['application/openmetrics-text; version=1.0.0', 'x 1\n', 400, 'Response type in header did not match'],
    ['application/openmetrics-text', Buffer.from('x 1').toString('base64'), 200, 'x 1'],
  ])('that says %s has its text sent, or decoded, or refused', async (type, body, status, said) => {
    const answer = await call('said', { method: 'POST', headers: { 'x-type': type, 'x-said': btoa(body) } })
    expect(answer.status).toBe(status)
    expect(await answer.text()).toContain(said)
  })

  it('gets every byte of what is no text', async () => {
    const bytes = randomBytes(5000)
    const { __ow_body: body } = await echoed({ method: 'POST', body: new Uint8Array(bytes) })
    const sha = (it: Buffer) => createHash('sha1').update(it).digest('hex')
    expect(sha(Buffer.from(String(body), 'base64'))).toBe(sha(bytes))
  })

  it.each([
    ['error', 503, '{"message":"later"}'],
    ['text', 400, "Response is not valid 'message/http'."],
    // a rejected promise looks like success
    ['reject', 204, ''],
    ['crash', 400, 'There was an error processing your request.'],
  ])('that ends by %s is answered %d', async (action, status, said) => {
    const answer = await call(action, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(status)
    expect(await answer.text()).toContain(said)
    expect(answer.headers.get('x-openwhisk-activation-id')).toMatch(/^[0-9a-f]{32}$/)
  })

  it('answers HEAD without a body', async () => {
    const answer = await call('echo', { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })

  it('that takes too long is answered 202', async () => {
    expect((await fetch(hasty.webUrl('slow'))).status).toBe(202)
  })

  it('is refused beyond the activations that the namespace may have', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => fetch(hasty.webUrl('slow'))))
    expect(all.map(({ status }) => status).sort()).toEqual([202, 202, 429, 429])
  })

  it('takes no more than a megabyte', async () => {
    expect((await call('echo', { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413)
  })
})

it.each(['hidden', 'nothing'])('an action that is not served on the web is 404: %s', async (action) => {
  expect((await call(action)).status).toBe(404)
})
