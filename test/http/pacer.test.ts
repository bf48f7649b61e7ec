import { transientError } from '../../src/core/errors'
import { createPacer } from '../../src/http/pacer'
import { createTestClock } from '../support/test-clock'

const answer = (status: number) => async () => ({ status, headers: new Map<string, string>() })
const kind = 'GET adobe'

it('sends no more than the rate allows in any second', async () => {
  const clock = createTestClock()
  const pacer = createPacer({ perSecond: 20, clock })
  const sent: number[] = []
  for (let index = 0; index < 100; index++)
    await pacer.limit(() => {
      sent.push(clock.now())
      return answer(200)()
    }, kind)

  for (const from of sent)
    expect(sent.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(20)
  expect((sent.at(-1) ?? 0) - (sent[0] ?? 0)).toBe(4_000)
})

it('takes a rate below one a second', async () => {
  const clock = createTestClock()
  const pacer = createPacer({ perSecond: 0.5, clock })
  const start = clock.now()
  for (let index = 0; index < 3; index++) await pacer.limit(answer(200), kind)

  expect(clock.now() - start).toBe(4_000)
})

it('halves the rate after 429, once for all that were on their way, and recovers', async () => {
  const clock = createTestClock()
  const pacer = createPacer({ perSecond: 100, clock })
  for (let index = 0; index < 10; index++) await pacer.limit(answer(429), kind)
  expect(pacer.rate()).toBe(50)

  clock.advance(2_000)
  await pacer.limit(answer(429), kind)
  expect(pacer.rate()).toBe(25)

  for (let index = 0; index < 30; index++) {
    clock.advance(1_100)
    await pacer.limit(answer(200), kind)
  }
  expect(pacer.rate()).toBe(100)
})

it('slows down while answers take longer and longer, and never stops', async () => {
  const clock = createTestClock()
  const pacer = createPacer({ perSecond: 100, clock })
  const taking = (ms: number) => async () => {
    clock.advance(ms)
    return answer(200)()
  }
  for (let index = 0; index < 50; index++) await pacer.limit(taking(40), kind)
  expect(pacer.rate()).toBe(100)

  for (let index = 0; index < 20; index++) await pacer.limit(taking(3_000), kind)
  expect(pacer.rate()).toBeLessThan(50)
  for (let index = 0; index < 200; index++) await pacer.limit(taking(6_000), kind)
  expect(pacer.rate()).toBeGreaterThanOrEqual(2)
})

it('slows down when no answer comes in time, and not when the caller gives up', async () => {
  const clock = createTestClock()
  const pacer = createPacer({ perSecond: 100, clock })
  const failing = (thrown: Error) => pacer.limit(() => Promise.reject(thrown), kind).catch(() => undefined)
  await failing(new DOMException('over', 'AbortError'))
  await failing(transientError('TIME_IS_UP', 'the activation is over'))
  expect(pacer.rate()).toBe(100)

  await failing(transientError('AEM_TIMEOUT', 'no answer', { upstream: 'AEM' }))
  expect(pacer.rate()).toBe(80)
})

it('a refusal halves the rate even when something else has just failed', async () => {
  const clock = createTestClock()
  const pacer = createPacer({ perSecond: 100, clock })
  await pacer.limit(answer(500), kind)
  expect(pacer.rate()).toBe(80)
  clock.advance(100)
  await pacer.limit(answer(429), kind)
  expect(pacer.rate()).toBe(40)
})

it('a first write that is refused at once, and a system that gets slow for good, keep the rate down for minutes at most', async () => {
  const clock = createTestClock()
  const pacer = createPacer({ perSecond: 20, clock })
  const taking = (ms: number, status = 200) =>
    pacer.limit(async () => {
      clock.advance(ms)
      return answer(status)()
    }, 'PATCH adobe')
  await taking(15, 400)
  for (let write = 0; write < 200; write++) await taking(400)
  expect(pacer.rate()).toBe(20)

  for (let write = 0; write < 50; write++) await taking(2_000)
  expect(pacer.rate()).toBeLessThan(10)
  const began = clock.now()
  while (clock.now() - began < 30 * 60_000) await taking(2_000)
  expect(pacer.rate()).toBe(20)
})
