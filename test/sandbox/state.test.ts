import type { AdobeState } from '@adobe/aio-lib-state'
import { createClock } from '../../sandbox/clock'
import { type StateStandIn, startState } from '../../sandbox/state'

const clock = createClock({ frozen: true })
const ow = { namespace: '12345-app-stage', auth: 'id:secret' }
let server: StateStandIn
let connect: (ow: { namespace: string; auth: string }) => Promise<AdobeState>
let state: AdobeState

beforeAll(async () => {
  server = await startState({ clock, ...ow, pageSize: 10 })
  // the client reads its endpoint once, when it is loaded
  process.env.AIO_STATE_ENDPOINT = server.url
  const library: typeof import('@adobe/aio-lib-state') = require('@adobe/aio-lib-state')
  delete process.env.AIO_STATE_ENDPOINT
  connect = (credentials) => library.init({ ow: credentials })
  state = await connect(ow)
})
afterAll(() => server.close())
beforeEach(async () => {
  server.faults.clear()
  await state.deleteAll({ match: '*' })
  server.requests.length = 0
})

const listed = async (match = '*'): Promise<string[][]> => {
  const pages: string[][] = []
  for await (const { keys } of state.list({ match })) pages.push(keys)
  return pages
}

describe('the State service, seen by its own client', () => {
  it('keeps and gives back a value, a day by default', async () => {
    expect(await state.put('a.b-c_D', 'välue\n')).toBe('a.b-c_D')
    const expiration = new Date(clock.now() + 86_400_000).toISOString()
    expect(await state.get('a.b-c_D')).toEqual({ value: 'välue\n', expiration })
    expect(await state.get('none')).toBeUndefined()
    expect(server.value('a.b-c_D')).toBe('välue\n')
  })

  it('lets a key expire, and counts the time anew at each write', async () => {
    await state.put('short', '1', { ttl: 60 })
    await state.put('zero', '1', { ttl: 0 })
    await state.put('year', '1', { ttl: 31_536_000 })
    clock.advance(59_000)
    await state.put('short', '2', { ttl: 60 })
    clock.advance(59_999)
    expect((await state.get('short'))?.value).toBe('2')
    clock.advance(1)
    expect(await state.get('short')).toBeUndefined()
    clock.advance(86_400_000)
    expect(server.keys()).toEqual(['year'])
    expect(server.expiresAt('year')).toBeGreaterThan(clock.now())
  })

  it('deletes one, and says when there was none', async () => {
    await state.put('a', '1')
    expect(await state.delete('a')).toBe('a')
    expect(await state.delete('a')).toBeNull()
  })

  it('lists in pages, by pattern, though keys go while it lists', async () => {
    for (let i = 0; i < 25; i += 1) await state.put(`${i % 2 ? 'odd' : 'even'}.${i}`, 'x')
    expect((await listed()).map((page) => page.length)).toEqual([10, 10, 5])
    const even = (await listed('even.*')).flat()
    expect(even).toHaveLength(13)
    expect(await listed('nothing*')).toEqual([[], [], []])
    const seen: string[] = []
    for await (const { keys } of state.list({ match: 'even.*' })) {
      seen.push(...keys)
      for (const key of keys) await state.delete(key)
    }
    expect(seen).toEqual(even)
  })

  it('takes a dot in a pattern for a dot', async () => {
    await state.put('a.b', '1')
    await state.put('axb', '1')
    expect((await listed('a.b')).flat()).toEqual(['a.b'])
  })

  it('knows the size of the container, and that there is none without keys', async () => {
    expect(await state.any()).toBe(false)
    expect(await state.stats()).toEqual({ keys: 0, bytesKeys: 0, bytesValues: 0 })
    expect(await listed()).toEqual([[]])
    expect(await state.deleteAll({ match: '*' })).toEqual({ keys: 0 })
    await state.put('ab', 'é')
    await state.put('c', 'xyz')
    expect(await state.any()).toBe(true)
    expect(await state.stats()).toEqual({ keys: 2, bytesKeys: 3, bytesValues: 5 })
    expect(await state.deleteAll({ match: 'a*' })).toEqual({ keys: 1 })
    expect(server.keys()).toEqual(['c'])
  })

  it('refuses wrong credentials, another namespace, a value over 1 MB', async () => {
    const stranger = await connect({ ...ow, auth: 'id:wrong' })
    await expect(stranger.get('a')).rejects.toMatchObject({ code: 'ERROR_UNAUTHORIZED' })
    const neighbour = await connect({ ...ow, namespace: '12345-other' })
    await expect(neighbour.get('a')).rejects.toMatchObject({ code: 'ERROR_BAD_CREDENTIALS' })
    await state.put('big', 'x'.repeat(1024 * 1024))
    await expect(state.put('big', 'x'.repeat(1024 * 1024 + 1))).rejects.toMatchObject({
      code: 'ERROR_PAYLOAD_TOO_LARGE',
    })
  })

  it('is retried by the client through 429, 5xx and resets, and then is in the way', async () => {
    server.faults.add({ times: 1, fault: { kind: 'status', status: 429 } })
    server.faults.add({ times: 1, fault: { kind: 'reset' } })
    await state.put('a', '1')
    expect(server.requests.map(({ status }) => status)).toEqual([429, undefined, 200])
    server.faults.add({ times: 4, fault: { kind: 'status', status: 429, headers: { 'retry-after': '0' } } })
    await expect(state.get('a')).rejects.toMatchObject({ code: 'ERROR_REQUEST_RATE_TOO_HIGH' })
  })
})

describe('the State service, seen by a raw client', () => {
  const authorization = `Basic ${Buffer.from(ow.auth).toString('base64')}`
  const send = (method: string, path: string, body?: string) =>
    fetch(`${server.url}/containers/${ow.namespace}${path}`, {
      method,
      headers: { authorization },
      ...(body === undefined ? {} : { body }),
    })

  it.each([
    ['PUT', '/data/a:b', 400],
    ['PUT', `/data/${'k'.repeat(1025)}`, 400],
    ['GET', '/data/a%20b', 400],
    ['PUT', '/data/a?ttl=-1', 400],
    ['PUT', '/data/a?ttl=1.5', 400],
    ['PUT', '/data/a?ttl=31536001', 400],
    ['PUT', '/data/a?ttl=soon', 400],
    ['POST', '/data/a', 405],
    ['POST', '/data', 405],
    ['PUT', '', 405],
    ['GET', '/data?match=a%2Fb', 400],
    ['GET', '/data?cursor=x', 400],
    ['DELETE', '?matchData=a%3F', 400],
    ['GET', '/other', 404],
    ['GET', '/data/a/b', 404],
  ])('refuses %s %s with %i', async (method, path, status) => {
    await state.put('there', '1')
    const response = await send(method, path, method === 'PUT' ? 'x' : undefined)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-request-id')).toMatch(/.+/)
  })

  it('demands credentials even for what is not there', async () => {
    expect((await fetch(`${server.url}/`)).status).toBe(401)
  })
})
