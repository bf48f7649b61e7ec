import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { startServer } from '../../sandbox/server'
import { transientError } from '../../src/core/errors'
import { createElasticLimit } from '../../src/http/elastic-limit'
import { createHttpClient, type RequestLimit } from '../../src/http/http-client'
import { startCall } from '../support/call'
import { createTestClock, type TestClock } from '../support/test-clock'

type Answer = { status: number; headers: ReadonlyMap<string, string> }

/** A system that answers when it is told to, and counts what it is asked at once. */
function createSystem() {
  const open: ((answer: Answer | Error) => void)[] = []
  return {
    work: () =>
      new Promise<Answer>((resolve, reject) => {
        open.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)))
      }),
    open,
    /** Answers everything that is asked now, one after the other. */
    async answerAll(answer: Answer | Error): Promise<void> {
      for (const reply of open.splice(0)) {
        reply(answer)
        await turn()
      }
    },
  }
}

function ask(limit: RequestLimit, times: number, work: () => Promise<Answer>): void {
  for (let index = 0; index < times; index++) limit(work, 'GET adobe').catch(() => undefined)
}

/** How many requests are sent at once, when there are more than enough. */
async function atOnce(most: number, clock: TestClock, prepare: (system: System) => Promise<void>) {
  const limit = createElasticLimit({ first: 8, most, clock })
  const system = createSystem()
  ask(limit, 5_000, system.work)
  await turn()
  await prepare(system)
  await turn()
  return system.open.length
}
type System = ReturnType<typeof createSystem>

const answerOf = (status: number): Answer => ({ status, headers: new Map() })
const ok = answerOf(200)

it('begins with eight, and has one more after each round of answers', async () => {
  const rounds = (count: number) => async (system: System) => {
    for (let round = 0; round < count; round++) await system.answerAll(ok)
  }
  const counts = await Promise.all([0, 1, 2, 5].map((count) => atOnce(40, createTestClock(), rounds(count))))
  expect(counts).toEqual([8, 8, 9, 12])
  expect(await atOnce(40, createTestClock(), rounds(100))).toBe(40)
  expect(await atOnce(3, createTestClock(), rounds(10))).toBe(3)
})

it('does not grow while nothing waits', async () => {
  const limit = createElasticLimit({ first: 8, most: 40, clock: createTestClock() })
  const system = createSystem()
  for (let event = 0; event < 100; event++) {
    ask(limit, 8, system.work)
    await turn()
    await system.answerAll(ok)
  }
  ask(limit, 100, system.work)
  await turn()
  expect(system.open.length).toBe(8)
})

it('halves after 429, once for all that were on their way', async () => {
  const refused = (system: System) => system.answerAll(answerOf(429))
  expect(await atOnce(40, createTestClock(), refused)).toBe(4)
})

it('after a refusal it has one more in a second, and after a minute without one it grows as before', async () => {
  const clock = createTestClock()
  const seconds = (count: number) => async (system: System) => {
    await system.answerAll(answerOf(429))
    for (let second = 0; second < count; second++) {
      clock.advance(1_000)
      await system.answerAll(ok)
      await system.answerAll(ok)
    }
  }
  expect(await atOnce(40, clock, seconds(3))).toBe(7)
  const later = await atOnce(40, clock, async (system) => {
    await system.answerAll(answerOf(429))
    clock.advance(60_000)
    for (let round = 0; round < 12; round++) await system.answerAll(ok)
  })
  expect(later).toBe(14)
})

it('a clock that is set back keeps it from growing no longer', async () => {
  const clock = createTestClock()
  const sent = await atOnce(40, clock, async (system) => {
    await system.answerAll(answerOf(429))
    clock.advance(-3_600_000)
    for (let round = 0; round < 6; round++) await system.answerAll(ok)
  })
  expect(sent).toBeGreaterThan(8)
})

it('always leaves one', async () => {
  const clock = createTestClock()
  const sent = await atOnce(40, clock, async (system) => {
    for (let second = 0; second < 20; second++) {
      clock.advance(1_000)
      await system.answerAll(answerOf(429))
    }
  })
  expect(sent).toBe(1)
})

const noAnswer = transientError('AEM_TIMEOUT', 'no answer', { upstream: 'AEM' })

it.each<[string, Answer | Error]>([
  ['500', answerOf(500)],
  ['503', answerOf(503)],
  ['no answer in time', noAnswer],
])('%s takes back what came on top, and nothing more: it may be about one request', async (_, answer) => {
  const clock = createTestClock()
  const sent = await atOnce(40, clock, async (system) => {
    for (let round = 0; round < 100; round++) await system.answerAll(ok)
    clock.advance(1_000)
    await system.answerAll(answer)
  })
  expect(sent).toBe(32)
  const after = await atOnce(40, clock, async (system) => {
    for (let second = 0; second < 20; second++) {
      clock.advance(1_000)
      await system.answerAll(answer)
    }
  })
  expect(after).toBe(8)
})

it.each<[string, Answer, number]>([
  ['a file that AEM cannot process', answerOf(500), 0],
  ['answers that have become slow', ok, 3_000],
])('%s: after a refusal it comes back to eight all the same', async (_, every20th, ms) => {
  const clock = createTestClock()
  const sent = await atOnce(40, clock, async (system) => {
    for (let round = 0; round < 20; round++) await system.answerAll(ok)
    await system.answerAll(answerOf(429))
    await system.answerAll(answerOf(429))
    clock.advance(1_000)
    await system.answerAll(answerOf(429))
    clock.advance(1_000)
    await system.answerAll(answerOf(429))
    for (let index = 0; index < 300; index++) {
      clock.advance(Math.max(50, ms))
      system.open.shift()?.(index % 20 === 0 ? every20th : ok)
      await turn()
    }
  })
  expect(sent).toBeGreaterThanOrEqual(8)
})

it('does not grow when what is sent more only waits at the system', async () => {
  const clock = createTestClock()
  // The system does two at a time, 50 ms each: with eight at once each takes 200 ms, with more longer.
  const sent = await atOnce(40, clock, async (system) => {
    for (let index = 0; index < 1_500; index++) {
      clock.advance(25)
      system.open.shift()?.(ok)
      await turn()
    }
  })
  expect(sent).toBeLessThan(16)
})

it('answers that take longer and longer bring it back to what it began with', async () => {
  const clock = createTestClock()
  const sent = await atOnce(40, clock, async (system) => {
    for (let round = 0; round < 100; round++) await system.answerAll(ok)
    for (let round = 0; round < 30; round++) {
      clock.advance(5_000)
      await system.answerAll(ok)
    }
  })
  expect(sent).toBe(8)
})

it('whatever is answered, everything is asked once, and at least one and at most so many are on their way', async () => {
  const answers = fc.constantFrom(200, 404, 408, 429, 500, 503)
  const headers = fc.constantFrom<[string, string][]>([], [['retry-after', '1']])
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.record({ status: answers, headers, after: fc.integer({ min: -2_000, max: 3_000 }) }), {
        minLength: 1,
        maxLength: 120,
      }),
      async (most, steps) => {
        const clock = createTestClock()
        const limit = createElasticLimit({ first: 8, most, clock })
        const system = createSystem()
        let asked = 0
        let ended = 0
        const work = (): Promise<Answer> => {
          asked += 1
          return system.work()
        }
        for (let index = 0; index < steps.length; index++) {
          void limit(work, 'GET adobe').finally(() => {
            ended += 1
          })
        }
        await turn()
        for (const { status, headers, after } of steps) {
          expect(system.open.length).toBeGreaterThanOrEqual(1)
          expect(system.open.length).toBeLessThanOrEqual(most)
          clock.advance(after)
          system.open.shift()?.({ status, headers: new Map(headers) })
          await turn()
        }
        expect([asked, ended]).toEqual([steps.length, steps.length])
      },
    ),
  )
})

it('finds what a server takes: few of its answers are refusals', async () => {
  const takes = 12
  let [now, most, refusals, requests] = [0, 0, 0, 0]
  const clock = createTestClock()
  const server = await startServer({
    clock,
    async handle() {
      requests += 1
      now += 1
      most = Math.max(most, now)
      const isTooMany = now > takes
      if (isTooMany) refusals += 1
      // Long enough for the others to arrive.
      for (let turns = 0; turns < 50; turns++) await turn()
      clock.advance(1)
      now -= 1
      return { status: isTooMany ? 429 : 200, body: '{}' }
    },
  })
  try {
    const upstream = createHttpClient({ clock }).upstream({
      name: 'AEM',
      origins: [server.url],
      concurrency: 40,
      shared: createElasticLimit({ first: 8, most: 40, clock }),
    })
    const get = () => upstream.request({ method: 'GET', url: server.url }, startCall())
    const answers = await Promise.all(Array.from({ length: 600 }, get))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(most).toBeGreaterThan(takes)
    expect(most).toBeLessThanOrEqual(takes + 2)
    expect(refusals).toBeLessThan(requests / 20)
  } finally {
    await server.close()
  }
})
