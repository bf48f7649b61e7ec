import type { CallContext } from '../../../src/core/call-context'
import { permanentError, transientError } from '../../../src/core/errors'
import type { Product, ProductRef } from '../../../src/core/product'
import { joinQueries } from '../../../src/flows/sync/join-queries'
import { startCall } from '../../support/call'

const byName = (...values: string[]): ProductRef[] => values.map((value) => ({ kind: 'identifier', value }))
const product = (identifier: string): Product => ({ identifier, attributes: {} })

type Asked = { refs: string[]; call: CallContext; answer(): void; fail(reason: unknown): void }

/** A PIM whose calls are answered by hand. */
function setup() {
  const asked: Asked[] = []
  const joined = joinQueries(
    {
      name: 'test',
      getProducts: (refs, call) =>
        new Promise((resolve, reject) => {
          const values = refs.map(({ value }) => value)
          asked.push({ refs: values, call, answer: () => resolve(values.map(product)), fail: reject })
        }),
      check: async () => [],
    },
    { atOnce: 1, maxRefs: 4 },
  )
  const ask = async (refs: readonly ProductRef[], call: CallContext = startCall()) =>
    (await joined.getProducts(refs, call)).map(({ identifier }) => identifier)
  /** Answers all calls until no more come. */
  async function answerAll(): Promise<void> {
    for (let index = 0; index < asked.length; index++) {
      asked[index]?.answer()
      await settle()
    }
  }
  return { asked, ask, answerAll }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const refsOf = (asked: readonly Asked[]): string[][] => asked.map(({ refs }) => refs)

test('a query that comes alone is asked at once; what comes meanwhile is one call, and each gets its own', async () => {
  const { asked, ask, answerAll } = setup()
  const answers = [ask(byName('a')), ask(byName('b')), ask(byName('c', 'b'))]
  expect(refsOf(asked)).toEqual([['a']])
  await answerAll()

  expect(await Promise.all(answers)).toEqual([['a'], ['b'], ['b', 'c']])
  expect(refsOf(asked)).toEqual([['a'], ['b', 'c']])
})

test('a call takes no more references than it may; a query that has more has a call of its own', async () => {
  const { asked, ask, answerAll } = setup()
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const answers = [...names.map((name) => ask(byName(name))), ask(byName('1', '2', '3', '4', '5'))]
  await answerAll()
  await Promise.all(answers)

  expect(refsOf(asked)).toEqual([['a'], ['b', 'c', 'd', 'e'], ['f'], ['1', '2', '3', '4', '5']])
})

test('a product that is asked for by another name than its identifier is asked for by itself', async () => {
  const { asked, ask, answerAll } = setup()
  const answers = [ask(byName('a')), ask([{ kind: 'uuid', value: 'u' }]), ask(byName('b'))]
  expect(refsOf(asked)).toEqual([['a'], ['u']])
  await answerAll()
  await Promise.all(answers)
})

test('a product that the PIM refuses fails no other one', async () => {
  const { asked, ask, answerAll } = setup()
  const first = ask(byName('a'))
  const bad = expect(ask(byName('bad'))).rejects.toMatchObject({ code: 'REFUSED' })
  const good = ask(byName('good'))
  asked[0]?.answer()
  await settle()
  expect(refsOf(asked)).toEqual([['a'], ['bad', 'good']])
  asked[1]?.fail(permanentError('REFUSED', 'a wrong name'))
  await settle()
  asked[2]?.fail(permanentError('REFUSED', 'a wrong name'))
  await answerAll()

  await bad
  expect(await good).toEqual(['good'])
  expect(await first).toEqual(['a'])
})

test('a PIM that is down is told to all that wait for one call, and the next query asks again', async () => {
  const { asked, ask, answerAll } = setup()
  const first = ask(byName('a'))
  const others = ['b', 'c'].map((name) =>
    expect(ask(byName(name))).rejects.toMatchObject({ code: 'PIM_DOWN' }),
  )
  asked[0]?.answer()
  await first
  await settle()
  asked[1]?.fail(transientError('PIM_DOWN', 'no answer'))
  await Promise.all(others)
  const next = ask(byName('b'))
  await answerAll()
  expect(await next).toEqual(['b'])
})

test('the query that may take longest asks for all, and one whose time is up is not asked for', async () => {
  const { asked, ask, answerAll } = setup()
  const first = ask(byName('a'))
  const gone = new AbortController()
  const long = { ...startCall(), deadline: Date.now() + 60_000 }
  const short = { ...startCall(), deadline: Date.now() + 1_000 }
  const waiting = [ask(byName('b'), short), ask(byName('c'), long), ask(byName('d'), short)]
  const late = expect(ask(byName('e'), { ...short, signal: gone.signal })).rejects.toThrow('time is up')
  gone.abort(new Error('time is up'))
  await answerAll()

  await late
  expect(await Promise.all([first, ...waiting])).toEqual([['a'], ['b'], ['c'], ['d']])
  expect(refsOf(asked)).toEqual([['a'], ['b', 'c', 'd']])
  expect(asked[1]?.call.deadline).toBe(long.deadline)
})

test('whose call ends early ends no other query', async () => {
  const { asked, ask, answerAll } = setup()
  const first = ask(byName('a'))
  const ending = new AbortController()
  const asker = { ...startCall(), deadline: Date.now() + 60_000, signal: ending.signal }
  const other = { ...startCall(), deadline: Date.now() + 1_000 }
  const ended = expect(ask(byName('b'), asker)).rejects.toThrow('no time is left')
  const goesOn = ask(byName('c'), other)
  asked[0]?.answer()
  await first
  await settle()
  expect(refsOf(asked)).toEqual([['a'], ['b', 'c']])
  // The communicator does not look at its signal, and never answers.
  ending.abort(new Error('no time is left'))
  await settle()
  asked[2]?.answer()

  await ended
  expect(await goesOn).toEqual(['c'])
  expect(await answerNext(asked, ask)).toEqual(['next'])

  async function answerNext(calls: readonly Asked[], query: typeof ask): Promise<string[]> {
    const next = query(byName('next'))
    await answerAll()
    expect(calls.at(-1)?.refs).toEqual(['next'])
    return next
  }
})

test('of a hundred products one that the PIM refuses costs a few calls more, and they come one by one', async () => {
  const names = Array.from({ length: 101 }, (_, index) => `p${index}`)
  let underWay = 0
  let most = 0
  let calls = 0
  const joined = joinQueries(
    {
      name: 'test',
      getProducts: async (refs) => {
        calls += 1
        underWay += 1
        most = Math.max(most, underWay)
        await settle()
        underWay -= 1
        if (refs.some(({ value }) => value === 'p37')) throw permanentError('REFUSED', 'a wrong name')
        return refs.map(({ value }) => product(value))
      },
      check: async () => [],
    },
    { atOnce: 1, maxRefs: 100 },
  )
  const answers = await Promise.allSettled(names.map((name) => joined.getProducts(byName(name), startCall())))

  expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(1)
  expect(answers[37]?.status).toBe('rejected')
  expect(calls).toBeLessThanOrEqual(2 + 2 * 7)
  expect(most).toBe(1)
})

test('a communicator that throws at once fails who asked and nobody else', async () => {
  const joined = joinQueries(
    {
      name: 'test',
      getProducts(refs) {
        if (refs.some(({ value }) => value === 'bad')) throw permanentError('REFUSED', 'a wrong name')
        return Promise.resolve(refs.map(({ value }) => product(value)))
      },
      check: async () => [],
    },
    { atOnce: 1, maxRefs: 4 },
  )
  const ask = (name: string) => joined.getProducts(byName(name), startCall())
  const answers = await Promise.allSettled(['a', 'bad', 'b', 'c'].map(ask))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
})

/** A PIM that finds products in another case, or under another name, as it finds them when it is asked for one. */
test.each([
  ['in another case', ['lamp', 'LAMP'], () => 'LAMP'],
  [
    'by a uuid',
    ['0b6b5b6a-3a6e-4a39-8a51-1f6ed5f4a6a1', 'LAMP'],
    (value: string) => (value.length > 30 ? 'LAMP' : value),
  ],
  [
    'by a name that only the PIM knows',
    ['4001', 'LAMP'],
    (value: string) => (value === '4001' ? 'X' : value),
  ],
])('a product that is asked for %s is found together as it is alone', async (_how, names, identifierOf) => {
  const joined = joinQueries(
    {
      name: 'test',
      getProducts: async (refs) => {
        await settle()
        return [...new Set(refs.map(({ value }) => identifierOf(value)))].map(product)
      },
      check: async () => [],
    },
    { atOnce: 1, maxRefs: 4 },
  )
  const ask = async (name: string) =>
    (await joined.getProducts(byName(name), startCall())).map(({ identifier }) => identifier)
  const [, ...answers] = await Promise.all([ask('first'), ...names.map(ask)])
  expect(answers).toEqual(names.map((name) => [identifierOf(name)]))
})

test('what is read for all is counted as the memory of each, by equal parts', async () => {
  const { asked, ask, answerAll } = setup()
  const taken = new Map<string, number>()
  const callOf = (name: string): CallContext => ({
    ...startCall(),
    memory: { take: (bytes) => taken.set(name, (taken.get(name) ?? 0) + bytes), commit: () => undefined },
  })
  const answers = ['a', 'b', 'c', 'd'].map((name) => ask(byName(name), callOf(name)))
  asked[0]?.call.memory?.take(10)
  asked[0]?.answer()
  await settle()
  asked[1]?.call.memory?.take(300)
  await answerAll()
  await Promise.all(answers)

  expect(Object.fromEntries(taken)).toEqual({ a: 10, b: 100, c: 100, d: 100 })
})
