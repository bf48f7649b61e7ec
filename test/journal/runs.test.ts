import fc from 'fast-check'
import { type StateStandIn, startState } from '../../sandbox/state'
import { createAccounting } from '../../src/journal/accounting'
import { createCursorKeeper, cursorKey } from '../../src/journal/cursor'
import type { Cursor, JournalStart } from '../../src/journal/position'
import { createStateStore } from '../../src/store/state-store'
import type { Store } from '../../src/store/store'
import { startCall } from '../support/call'
import { createMemoryStore } from '../support/memory-store'
import { day, hour, startTestJournal, type TestJournal } from './test-journal'

const access = { namespace: '12345-bridge', apiKey: 'id:secret', region: () => 'amer' as const } as const
let test: TestJournal
let state: StateStandIn
let written = 0

beforeAll(async () => {
  test = await startTestJournal()
  state = await startState({ clock: test.clock, namespace: access.namespace, auth: access.apiKey })
  process.env.AIO_STATE_ENDPOINT = state.url
})
afterAll(async () => {
  await test.close()
  await state.close()
})

const store = createStateStore(access)
const write = (count: number) => {
  for (let i = 0; i < count; i++) {
    written += 1
    test.journal.append({ id: `${written}`, time: new Date(test.clock.now()).toISOString() })
  }
}

/** A run as a drain makes it; `crashAfter` events it dies, without a word to State. */
async function run(
  options: {
    start?: JournalStart
    crashAfter?: number
    order?: (count: number) => number[]
    cursors?: Store
  } = {},
): Promise<{ seen: string[]; gaps: unknown[]; gone: number }> {
  const {
    start = { from: 'oldest' },
    crashAfter = Number.POSITIVE_INFINITY,
    order,
    cursors = store,
  } = options
  const call = startCall()
  const keeper = createCursorKeeper(test.journal.journalUrl, {
    store: cursors,
    clock: test.clock,
    saveEveryMs: 1,
  })
  const accounting = createAccounting<Cursor>()
  const result = { seen: [] as string[], gaps: [] as unknown[], gone: 0 }
  const from = (await keeper.load(call)) ?? start
  for await (const read of test.reader({ pageLimit: 3 }).pages(from, call)) {
    if (read.kind === 'gone') {
      result.gone += 1
      if (read.gap !== undefined) result.gaps.push(read.gap)
      continue
    }
    const settles = read.events.map(({ event: _, ...place }) => accounting.register(place))
    accounting.register(read.next)()
    for (const index of order?.(settles.length) ?? settles.keys()) {
      if (result.seen.length >= crashAfter) return result
      result.seen.push(String(Object(read.events[index]?.event).id))
      settles[index]?.()
      test.clock.advance(2)
      await keeper.advance(accounting.committed(), call)
    }
    await keeper.advance(accounting.committed(), call)
  }
  await keeper.flush(call)
  return result
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

it('runs take up where the last one ended, each event once', async () => {
  write(5)
  const first = await run()
  write(4)

  expect(first.seen).toEqual(numbers(written - 8, written - 4))
  expect((await run()).seen).toEqual(numbers(written - 3, written))
  expect((await run()).seen).toEqual([])
})

it('a quiet week between two runs loses no cursor: nothing twice, nothing lost, no alarm', async () => {
  write(3)
  await run()
  test.clock.advance(7 * day - hour)
  write(2)

  expect(await run()).toEqual({ seen: numbers(written - 1, written), gaps: [], gone: 0 })
})

it('a quiet month with runs in it costs nothing, though the position expires again and again', async () => {
  write(3)
  await run()
  for (let i = 0; i < 30; i++) {
    test.clock.advance(day)
    expect(await run()).toMatchObject({ seen: [], gaps: [] })
  }
  expect(state.value(cursorKey(test.journal.journalUrl))).toBeDefined()
  write(2)

  expect(await run()).toMatchObject({ seen: numbers(written - 1, written), gaps: [] })
})

it('a journal that forgets earlier than it promises is told as a gap, whatever was saved in between', async () => {
  write(2)
  await run()
  test.clock.advance(hour)
  await run()
  write(2)
  test.clock.advance(day)
  test.journal.keepFor(hour)

  expect(await run()).toMatchObject({ seen: [], gone: 1, gaps: [{ to: expect.any(Number) }] })
})

it('a pause longer than the memory of the journal goes on with the oldest event, and tells the gap', async () => {
  write(1)
  await run()
  const lastSeen = test.clock.now()
  test.clock.advance(day)
  write(2)
  test.clock.advance(7 * day + hour)
  write(3)

  const after = await run()

  expect(after.seen).toEqual(numbers(written - 2, written))
  expect(after.gaps).toEqual([{ from: expect.any(Number), to: expect.any(Number) }])
  expect(Math.abs(Object(after.gaps[0]).from - lastSeen)).toBeLessThan(1_000)
  expect(await run()).toEqual({ seen: [], gaps: [], gone: 0 })
})

it('`latest` counts for the first run only', async () => {
  await store.remove(cursorKey(test.journal.journalUrl), startCall().signal)
  write(2)
  expect((await run({ start: { from: 'latest' } })).seen).toEqual([])
  write(2)

  expect((await run({ start: { from: 'latest' } })).seen).toEqual(numbers(written - 1, written))
})

it('whenever runs die, and in whatever order events are settled, every event is seen', async () => {
  const cursors = createMemoryStore(test.clock)
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 12 }),
      fc.array(fc.nat({ max: 12 }), { maxLength: 4 }),
      fc.infiniteStream(fc.nat()),
      async (count, crashes, random) => {
        await run({ cursors })
        const before = written
        write(count)
        const order = (length: number) =>
          Array.from({ length }, (_, index) => ({ index, key: random.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ index }) => index)
        const seen = new Set<string>()
        for (const crashAfter of [...crashes, Number.POSITIVE_INFINITY]) {
          for (const id of (await run({ crashAfter, order, cursors })).seen) seen.add(id)
        }
        expect([...seen].map(Number).sort((a, b) => a - b)).toEqual(numbers(before + 1, written).map(Number))
        expect((await run({ cursors })).seen).toEqual([])
      },
    ),
    { numRuns: 25 },
  )
})
