import { startServer } from '../../sandbox/server'
import { systemicError, transientError } from '../../src/core/errors'
import { createHttpClient } from '../../src/http/http-client'
import { createLoadSigns } from '../../src/http/load-signs'
import { rejection, startCall } from '../support/call'
import { createTestClock } from '../support/test-clock'

/** The signs of answers that come one after the other; `!` marks one that is new. */
function createHearing() {
  const clock = createTestClock()
  let heard: string[] = []
  const watched = createLoadSigns(clock, (sign, isNew) => {
    heard.push(isNew ? `${sign}!` : sign)
  })
  const send = (status: number, ms = 0, kind = 'GET adobe', headers: [string, string][] = []) =>
    watched(async () => {
      clock.advance(ms)
      return { status, headers: new Map(headers) }
    }, kind)
  const times = async (count: number, ms: number, kind?: string): Promise<void> => {
    for (let index = 0; index < count; index++) await send(200, ms, kind)
  }
  const signs = (): string[] => {
    const all = heard
    heard = []
    return all
  }
  return { clock, watched, send, times, signs }
}

it.each<[string, number, [string, string][], string]>([
  ['429', 429, [], 'refused!'],
  ['503 with Retry-After', 503, [['retry-after', '5']], 'refused!'],
  ['503 of whatever stands before it', 503, [], 'failed!'],
  ['500', 500, [], 'failed!'],
  ['408', 408, [], 'failed!'],
  ['404', 404, [], 'well!'],
  ['412', 412, [], 'well!'],
  ['501', 501, [], 'well!'],
])('%s', async (_, status, headers, sign) => {
  const { send, signs } = createHearing()
  await send(status, 0, undefined, headers)
  expect(signs()).toEqual([sign])
})

it('no answer is a failure; what the caller gave up and a fault of its own are none', async () => {
  const { watched, signs, clock } = createHearing()
  const thrown = [
    new DOMException('over', 'AbortError'),
    transientError('TIME_IS_UP', 'the activation is over'),
    systemicError('INPUT_INVALID', 'wrong', { upstream: 'AEM' }),
    transientError('AEM_TIMEOUT', 'no answer', { upstream: 'AEM' }),
    transientError('AEM_UNREACHABLE', 'reset', { upstream: 'AEM' }),
  ]
  for (const error of thrown) {
    clock.advance(2_000)
    await expect(watched(() => Promise.reject(error), 'GET adobe')).rejects.toBe(error)
  }
  expect(signs()).toEqual(['failed!', 'failed!'])
})

it('answers that take longer are strained, then slow, and well again when they are quick', async () => {
  const { times, signs } = createHearing()
  await times(20, 50)
  expect(new Set(signs())).toEqual(new Set(['well!']))
  await times(100, 120)
  expect(signs().at(-1)).toBe('strained!')
  await times(100, 600)
  expect(signs().at(-1)).toMatch('slow')
  await times(200, 50)
  expect(signs().at(-1)).toBe('well!')
})

it('a few milliseconds more are nothing, however quick the answers were', async () => {
  const { times, signs } = createHearing()
  await times(50, 1)
  await times(50, 15)
  expect(new Set(signs())).toEqual(new Set(['well!']))
})

it('what is refused at once says nothing about how long the work takes', async () => {
  const { send, times, signs } = createHearing()
  for (const status of [400, 404, 412]) await send(status, 2)
  await times(100, 60)
  for (const status of [400, 404, 412]) await send(status, 2)
  await times(100, 60)
  expect(new Set(signs())).toEqual(new Set(['well!']))
})

it('one quick answer among the first says nothing either', async () => {
  const { times, signs } = createHearing()
  await times(1, 2)
  await times(200, 100)
  expect(new Set(signs())).toEqual(new Set(['well!']))
})

it('each kind is compared with itself: a search and a write may take longer than a read', async () => {
  const { times, signs } = createHearing()
  for (let round = 0; round < 50; round++) {
    await times(3, 50, 'GET adobe')
    await times(1, 1_000, 'PATCH adobe')
    await times(1, 5_000, 'GET bin')
  }
  expect(new Set(signs())).toEqual(new Set(['well!']))
})

it('many kinds, as where each product has a path of its own, are one', async () => {
  const { times, signs } = createHearing()
  for (let product = 0; product < 100; product++) await times(1, 50, `GET ${product}`)
  for (let product = 100; product < 200; product++) await times(1, 2_000, `GET ${product}`)
  expect(signs().at(-1)).toMatch('slow')
})

it('what an author takes in the long run becomes its usual time', async () => {
  const { clock, times, signs } = createHearing()
  await times(50, 100)
  for (let hour = 0; hour < 5; hour++) {
    await times(20, 1_000)
    clock.advance(60 * 60_000)
  }
  signs()
  await times(50, 1_000)
  expect(signs().at(-1)).toBe('well!')
})

it('what was sent before a sign, or a moment after it, is no further one', async () => {
  const { clock, watched, send, signs } = createHearing()
  let answer = (_status: number): void => undefined
  const early = watched(
    () =>
      new Promise<{ status: number; headers: Map<string, string> }>((resolve) => {
        answer = (status) => resolve({ status, headers: new Map() })
      }),
    'GET adobe',
  )
  await send(429)
  clock.advance(500)
  await send(429)
  clock.advance(5_000)
  answer(429)
  await early
  expect(signs()).toEqual(['refused!', 'refused', 'refused'])
  await send(429)
  expect(signs()).toEqual(['refused!'])
})

it('a failure does not hide a refusal', async () => {
  const { clock, send, signs } = createHearing()
  for (let second = 0; second < 3; second++) {
    await send(500)
    clock.advance(100)
    await send(429)
    clock.advance(1_000)
  }
  expect(signs()).toEqual(['failed!', 'refused!', 'failed!', 'refused!', 'failed!', 'refused!'])
})

it.each([-2_000, -3_600_000])('a clock that is set back by %d ms does no lasting harm', async (back) => {
  const { clock, watched, send, times, signs } = createHearing()
  await times(20, 50)
  await send(429)
  const headers = new Map<string, string>()
  const during = async () => {
    clock.advance(back)
    return { status: 200, headers }
  }
  await watched(during, 'GET adobe')
  signs()
  await send(429)
  expect(signs()).toEqual(['refused!'])
  await times(50, 15)
  expect(signs().at(-1)).toBe('well!')
})

it('a connection that breaks is a failure of the system, a call that ends before its turn is not', async () => {
  const clock = createTestClock()
  const server = await startServer({ clock, handle: () => ({ status: 200, body: '{}' }) })
  try {
    const heard: string[] = []
    const upstream = createHttpClient({ clock }).upstream({
      name: 'AEM',
      origins: [server.url],
      concurrency: 1,
      maxAttempts: 1,
      shared: createLoadSigns(clock, (sign) => heard.push(sign)),
    })
    const get = (call = startCall()) => upstream.request({ method: 'GET', url: server.url }, call)
    const fault = server.faults.add({ fault: { kind: 'reset' } })
    expect(await rejection(get())).toMatchObject({ code: 'AEM_UNREACHABLE' })
    expect(heard).toEqual(['failed'])
    fault.remove()

    const late = startCall()
    const [first, second] = [get(), get(late)]
    late.abort(transientError('TIME_IS_UP', 'the activation is over'))
    await first
    expect(await rejection(second)).toMatchObject({ code: 'TIME_IS_UP' })
    await get()
    expect(heard).toEqual(['failed', 'well', 'well'])
  } finally {
    await server.close()
  }
})
