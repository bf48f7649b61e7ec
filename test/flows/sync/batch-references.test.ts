import type { ProductRef } from '../../../src/core/product'
import { createReferenceBatcher } from '../../../src/flows/sync/batch-references'

const ref = (value: string): ProductRef => ({ kind: 'uuid', value })

/** Time that passes when the test says so. */
function startTime() {
  const wakes: (() => void)[] = []
  const windows: number[] = []
  let now = 0
  return {
    windows,
    advance: (ms: number) => {
      now += ms
    },
    clock: {
      now: () => now,
      sleep: (ms: number, signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          windows.push(ms)
          wakes.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
    },
    pass() {
      for (const wake of wakes.splice(0)) wake()
    },
  }
}

function setup(maxRefs = 500) {
  const time = startTime()
  const handed: string[][] = []
  const answers: (() => Promise<string>)[] = []
  const handOver = async (refs: readonly ProductRef[]): Promise<string> => {
    handed.push(refs.map(({ value }) => value))
    return (answers.shift() ?? (async () => `activation-${handed.length}`))()
  }
  const batcher = createReferenceBatcher<string>({ clock: time.clock, windowMs: 250, maxRefs })
  const add = (...values: string[]) => batcher.add(values.map(ref), handOver)
  return { time, handed, answers, add }
}

test('what comes within the window is one hand-over, each product once', async () => {
  const { time, handed, add } = setup()
  const requests = [add('a'), add('b'), add('a'), add('c')]
  expect(handed).toEqual([])
  time.pass()

  expect(await Promise.all(requests)).toEqual(Array(4).fill('activation-1'))
  expect(handed).toEqual([['a', 'b', 'c']])
  expect(time.windows).toEqual([250])
})

test('what comes after it is the next one', async () => {
  const { time, handed, add } = setup()
  const first = add('a')
  time.pass()
  await first
  const second = add('a')
  time.pass()

  expect([await first, await second]).toEqual(['activation-1', 'activation-2'])
  expect(handed).toEqual([['a'], ['a']])
})

test('what comes while a hand-over is under way is not lost in it', async () => {
  const { time, handed, answers, add } = setup()
  let accept: (id: string) => void = () => undefined
  answers.push(
    () =>
      new Promise((resolve) => {
        accept = resolve
      }),
  )
  const first = add('a')
  time.pass()
  await Promise.resolve()
  await Promise.resolve()
  await Promise.resolve()
  expect(handed).toEqual([['a']])
  const second = add('b')
  time.pass()
  expect(await second).toBe('activation-2')
  accept('late')

  expect(await first).toBe('late')
  expect(handed).toEqual([['a'], ['b']])
})

test('a full one does not wait', async () => {
  const { handed, add } = setup(2)
  const requests = [add('a'), add('b'), add('c')]

  expect(await Promise.all(requests.slice(0, 2))).toEqual(['activation-1', 'activation-1'])
  expect(handed).toEqual([['a', 'b']])
})

test('what does not fit into one whole is the next one', async () => {
  const { time, handed, add } = setup(3)
  const requests = [add('a', 'b'), add('c', 'd'), add('e', 'f', 'g', 'h')]
  time.pass()
  await Promise.all(requests)

  expect(handed).toEqual([
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f', 'g', 'h'],
  ])
})

test('counted from the batch before, one that comes alone is sent at once, and the others a window apart', async () => {
  const time = startTime()
  const handed: string[][] = []
  const batcher = createReferenceBatcher<void>({
    clock: time.clock,
    windowMs: 2_000,
    countsFrom: 'batch before',
    maxRefs: 3,
  })
  const add = (name: string) =>
    batcher.add([ref(name)], async (refs) => void handed.push(refs.map(({ value }) => value)))
  const alone = add('a')
  time.pass()
  await alone
  time.advance(500)
  const soonAfter = [add('b'), add('c')]
  time.advance(1_500)
  time.pass()
  await Promise.all(soonAfter)
  time.advance(2_000)
  const later = add('d')
  time.pass()
  await later
  await Promise.all([add('e'), add('f'), add('g')])

  expect(time.windows).toEqual([0, 1_500, 0, 2_000])
  expect(handed).toEqual([['a'], ['b', 'c'], ['d'], ['e', 'f', 'g']])
})

test('each request of a hand-over that failed hears of it; the next one works', async () => {
  const { time, answers, add } = setup()
  answers.push(() => Promise.reject(new Error('no room')))
  const requests = [add('a'), add('b')]
  time.pass()
  const ends = await Promise.allSettled(requests)
  const next = add('a')
  time.pass()

  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await next).toBe('activation-2')
})
