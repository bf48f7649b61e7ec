import * as v from 'valibot'
import type { JsonObject } from '../../sandbox/json'
import { permanentError } from '../../src/core/errors'
import { type DeadLetter, openDeadLetters } from '../../src/delivery/dead-letters'
import { createDropping } from '../../src/delivery/dropped'
import { maxDeadLetters } from '../../src/delivery/letter-room'
import type { FlowContext } from '../../src/flows/event-flow'
import type { Outcome } from '../../src/flows/outcome'
import { perform } from '../../src/flows/perform'
import { startCall } from '../support/call'
import { recordsOn } from './export/export-bench'
import { type BatchBench, startBatchBench } from './run/batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

type Fields = JsonObject

const minute = 60_000
const day = 24 * 3_600_000
const signal = () => startCall().signal

/** What push makes of an event. Each test counts anew, as a container of its own does. */
const push = (event: unknown, more: Partial<FlowContext> = {}): Promise<Outcome> =>
  perform(
    { action: 'export-asset', event },
    bench.exports.workParts.flows,
    bench.exports.context({ ...recordsOn(bench.store), inputs: container, ...more }),
  )
let container: Record<string, string> = {}
let containers = 0
beforeEach(() => {
  container = { CONTAINER: String(++containers) }
})

/** An asset that is gone, and its events, a minute apart. */
function gone(events: number): { path: string; event: Fields; events: Fields[] } {
  const [{ key, event } = { key: '', event: {} }] = bench.publish(1)
  const path = `/content/dam/${key}`
  const { aem, clock } = bench.exports.author
  aem.removeAsset(aem.findByPath(path)?.id ?? '')
  const again = Array.from({ length: events }, (_, index) => ({
    ...event,
    id: `event-${key}-${index}`,
    time: new Date(clock.now() + index * minute).toISOString(),
  }))
  return { path, event, events: again }
}

/** One file that its destination does not take, though it takes the others. */
function neverTakes(file: string): void {
  bench.exports.destinations.one.beforePublish = (key) => {
    if (key === file) throw new Error('not now')
  }
}

const only = (): DeadLetter => {
  expect(bench.letters()).toHaveLength(1)
  const [letter] = bench.letters()
  if (letter === undefined) throw new Error('there is no letter')
  return letter
}

describe('a dead letter is one for each action, asset, destination and code', () => {
  test('one asset that is published 300 times is one letter, with the newest event and about 300 events', async () => {
    const { path, events } = gone(300)
    const newest = events.at(-1)
    // The newest event is not the last one to come, and push and journal bring each.
    const shuffled = [...events.slice(150), ...events.slice(0, 150)]
    for (const event of shuffled) expect(await push(event)).toMatchObject({ kind: 'dead-letter' })
    for (const event of events) bench.journal.append({ ...event })
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', failed: 0 })

    const { count = 0, event, ...letter } = only()
    expect(letter).toMatchObject({
      action: 'export-asset',
      path,
      tries: 1,
      error: { code: 'ASSET_NOT_FOUND' },
    })
    expect(event).toMatchObject({ id: newest?.id, time: newest?.time })
    expect(count).toBeGreaterThan(270)
    expect(count).toBeLessThan(330)
  })

  test('the same event counts once, by whichever way it comes', async () => {
    const { event } = gone(0)
    for (let times = 0; times < 3; times++) await push(event)
    await bench.run()

    expect(only()).toMatchObject({ count: 1 })
  })

  test('it tells since when, and when last', async () => {
    const { clock } = bench.exports.author
    const { events } = gone(2)
    const began = clock.now()
    await push(events[0])
    clock.advance(day)
    await push(events[1])

    expect(only()).toMatchObject({
      firstFailure: new Date(began).toISOString(),
      at: new Date(began + day).toISOString(),
      count: 2,
    })
  })

  test('an event without a time never replaces one that has one', async () => {
    const { events, event } = gone(1)
    const { time: _, ...timeless } = event
    await push(events[0])
    await push({ ...timeless, id: 'timeless' })

    expect(only()).toMatchObject({ count: 2, event: { id: events[0]?.id } })
  })

  test('another destination, another code, another action and another asset are other letters', async () => {
    const [{ event } = { event: {} }] = bench.publish(1, {
      exportDestination: 'three, four',
      exportImmediately: 'yes',
    })
    await push(event)
    bench.generic = () => Promise.reject(permanentError('MAPPING_FAILED', 'no'))
    for (const code of ['MAPPING_FAILED', 'PIM_REFUSED']) {
      const flow = () => Promise.reject(permanentError(code, 'no'))
      const context = bench.exports.context(recordsOn(bench.store))
      await perform({ action: 'generic', event }, { generic: flow }, context)
      await perform({ action: 'export-asset', event }, { 'export-asset': flow }, context)
    }
    await push(gone(0).event)

    const letters = bench.letters().map(({ action, destination, error }) => [action, destination, error.code])
    expect(letters.sort()).toEqual(
      [
        ['export-asset', 'four', 'DESTINATION_UNKNOWN'],
        ['export-asset', 'three', 'DESTINATION_UNKNOWN'],
        ['export-asset', undefined, 'ASSET_NOT_FOUND'],
        ['export-asset', undefined, 'MAPPING_FAILED'],
        ['export-asset', undefined, 'PIM_REFUSED'],
        ['generic', undefined, 'MAPPING_FAILED'],
        ['generic', undefined, 'PIM_REFUSED'],
      ].sort(),
    )
  })

  test('an event that names no asset is a letter by itself', async () => {
    const strangers = [{ id: 'a', source: 'x' }, { id: 'b', source: 'x' }, { hello: 1 }, { hello: 2 }]
    for (const stranger of [...strangers, ...strangers]) await push(stranger)

    expect(bench.letters().map(({ count }) => count)).toEqual([1, 1, 1, 1])
  })

  test('work that was given up is the letter of its asset, with its tries', async () => {
    bench.limits.maxAttempts = 2
    const [{ key } = { key: '' }] = bench.publish(1)
    neverTakes(key)
    for (let alarm = 0; alarm < 4; alarm++) {
      bench.publish(1)
      await bench.run()
      bench.exports.author.clock.advance(2 * 60 * minute)
    }

    expect(bench.pending()).toEqual([])
    expect(only()).toMatchObject({
      destination: 'one',
      path: `/content/dam/${key}`,
      tries: 2,
      count: 1,
      history: [{ code: 'UNEXPECTED' }, { code: 'UNEXPECTED' }],
    })
  })
})

test('nothing in State and in the log names who published an asset', async () => {
  const call = startCall()
  const [{ key } = { key: '' }] = bench.publish(3)
  neverTakes(key)
  bench.publish(1, { exportDestination: 'three' })
  expect(JSON.stringify(gone(0).event)).toContain('ada@example.com')
  bench.journal.append({ id: 'x', source: 'x', user: { imsUserId: 'ada@example.com' } })
  await bench.run({ context: { call } })

  expect([bench.letters().length, bench.pending().length]).toEqual([3, 1])
  const told = [...bench.store.entries()].flat().concat(call.log).join('\n')
  expect(told).toContain(key)
  expect(told).not.toMatch(/ada@|"Ada"/)
})

describe('the version before', () => {
  /** As it read them. */
  const LetterBefore = v.object({
    id: v.string(),
    action: v.string(),
    at: v.string(),
    activationId: v.optional(v.string()),
    destination: v.optional(v.string()),
    error: v.object({ code: v.string(), message: v.string() }),
    history: v.optional(v.array(v.object({ at: v.string(), code: v.string(), message: v.string() }))),
    event: v.unknown(),
  })
  const PendingBefore = v.object({
    id: v.string(),
    action: v.string(),
    event: v.unknown(),
    destination: v.optional(v.string()),
    attempts: v.number(),
    since: v.pipe(v.string(), v.isoTimestamp()),
    nextTry: v.pipe(v.string(), v.isoTimestamp()),
    history: v.optional(v.array(v.object({ at: v.string(), code: v.string(), message: v.string() })), []),
  })

  test('reads what this one writes', async () => {
    const { path, events } = gone(2)
    for (const event of events) await push(event)
    bench.exports.destinations.one.beforePublish = () => {
      throw new Error('not now')
    }
    bench.publish(1)
    await bench.run()

    expect(v.parse(LetterBefore, only())).toMatchObject({
      event: { data: { repositoryMetadata: { 'repo:path': path } } },
    })
    expect(bench.pending()).toHaveLength(1)
    for (const record of bench.pending()) expect(v.is(PendingBefore, record)).toBe(true)
  })

  test('wrote letters that are read', async () => {
    const { event } = gone(0)
    const id = 'a'.repeat(32)
    const before = {
      id,
      action: 'export-asset',
      at: '2030-01-01T00:00:00Z',
      error: { code: 'X', message: 'x' },
      event,
    }
    await bench.store.put(`dead-letter.${id}`, JSON.stringify(before), 1000, signal())

    expect(await openDeadLetters(bench.store).read(id, signal())).toEqual(before)
  })
})

describe('when there are 10,000 dead letters', () => {
  let listings = 0
  const fill = async (letters = maxDeadLetters): Promise<void> => {
    for (let index = bench.letters().length; index < letters; index++)
      await bench.store.put(`dead-letter.${String(index).padStart(32, '0')}`, '{}', 3600 * 24, signal())
  }
  beforeEach(() => {
    listings = 0
    bench.store.before = (operation) => {
      if (operation === 'keys') listings += 1
    }
  })

  test('one that is there is still counted up, and a new one fails as when State fails', async () => {
    const known = gone(2)
    await push(known.events[0])
    await fill()
    bench.exports.author.clock.advance(10 * minute)
    const call = startCall()
    const stranger = gone(1)
    const outcome = await push(stranger.events[0], { call })

    expect(await push(known.events[1])).toMatchObject({ kind: 'dead-letter' })
    expect(bench.letters()).toContainEqual(expect.objectContaining({ path: known.path, count: 2 }))
    expect(outcome).toMatchObject({
      kind: 'retry',
      failure: {
        failureClass: 'systemic',
        code: 'DEAD_LETTER_NOT_WRITTEN',
        message: expect.stringContaining('DEAD_LETTERS_FULL'),
      },
    })
    const told = call.log.filter((line) => line.startsWith('error '))
    expect(told).toEqual([expect.stringContaining('"code":"DEAD_LETTERS_FULL"')])
    expect(bench.letters()).toHaveLength(maxDeadLetters)
  })

  test('the batch stops where it stands, and goes on once there is room', async () => {
    bench.publish(2)
    await bench.run({ context: { inputs: container } })
    const before = bench.cursor()
    await fill()
    gone(0)
    const context = { inputs: { ...container, NEXT: '1' } }
    const { answer } = await bench.run({ context })
    expect(answer).toMatchObject({
      outcome: 'failed',
      code: 'DEAD_LETTER_NOT_WRITTEN',
      failed: 1,
      deadLettered: 0,
    })
    expect(bench.cursor()).toBe(before)

    await bench.store.remove(`dead-letter.${'0'.repeat(32)}`, signal())
    bench.exports.author.clock.advance(minute)
    expect((await bench.run({ context })).answer).toMatchObject({ outcome: 'done', deadLettered: 1 })
    expect(bench.cursor()).toBe(bench.journal.positions().at(-1))
  })

  test('they are counted once in a while, for new letters alone', async () => {
    const events = Array.from({ length: 60 }, () => gone(2).events)
    await Promise.all(events.map(([first]) => push(first)))
    expect(listings).toBe(1)
    for (const [, second] of events) await push(second)
    bench.exports.author.clock.advance(4 * minute)
    await push(gone(1).events[0])
    expect(listings).toBe(1)
    bench.exports.author.clock.advance(2 * minute)
    await push(gone(1).events[0])
    expect(listings).toBe(2)
  })

  test('a container that writes many by itself counts again', async () => {
    await fill(maxDeadLetters - 2)
    const [one, two, three] = [gone(1), gone(1), gone(1)].map(({ events }) => events[0])
    expect([await push(one), await push(two), await push(three)].map(({ kind }) => kind)).toEqual([
      'dead-letter',
      'dead-letter',
      'retry',
    ])
  })
})

describe('a dead letter that was dropped', () => {
  /** As the command does it. */
  async function drop(letter: DeadLetter): Promise<boolean> {
    const { clock } = bench.exports.author
    const isMarked = await createDropping({ store: bench.store, clock }).mark(letter, signal())
    await openDeadLetters(bench.store).remove(letter.id, signal())
    return isMarked
  }
  const marks = (): [string, string][] =>
    [...bench.store.entries()].filter(([key]) => key.startsWith('dropped.'))

  test('does not come back by any of its events, whichever way they come; a newer event makes a new one', async () => {
    const { path, events } = gone(300)
    for (const event of events) await push(event)
    await drop(only())

    for (const event of events) bench.journal.append({ ...event })
    const { answer } = await bench.run()
    expect(answer).toMatchObject({ outcome: 'done', deadLettered: 0, skipped: expect.any(Number) })
    expect(bench.letters()).toEqual([])
    expect(await push(events[7])).toEqual({
      kind: 'skipped',
      reason: expect.stringContaining('its dead letter was dropped'),
    })

    const later = { ...events[0], id: 'later', time: '2031-01-01T00:00:00Z' }
    expect(await push(later)).toMatchObject({ kind: 'dead-letter' })
    expect(only()).toMatchObject({ path, count: 1, event: { id: 'later' } })
  })

  test('at one destination does not keep the event from the other', async () => {
    const [{ event, key } = { event: {}, key: '' }] = bench.publish(1, { exportDestination: 'one, three' })
    await push({ ...event }, { trigger: 'batch' })
    await drop(only())
    bench.exports.destinations.one.held.clear()

    expect(await push(event, { trigger: 'batch' })).toMatchObject({
      kind: 'exported',
      destinations: [
        { destination: 'one', kind: 'done' },
        { destination: 'three', kind: 'skipped', reason: expect.stringContaining('dropped') },
      ],
    })
    expect(bench.exports.destinations.one.held.has(key)).toBe(true)
    expect(bench.letters()).toEqual([])
  })

  test('does not come back with another code, either, nor where the event names no asset', async () => {
    const { events } = gone(1)
    await push(events[0])
    await drop(only())
    const refused = () => Promise.reject(permanentError('METADATA_REFUSED', 'no'))
    const context = bench.exports.context(recordsOn(bench.store))
    const work = { action: 'export-asset', event: events[0] }
    expect(await perform(work, { 'export-asset': refused }, context)).toMatchObject({ kind: 'skipped' })

    await push({ hello: 1 })
    await drop(only())
    expect(await push({ hello: 1 })).toMatchObject({ kind: 'skipped' })
    expect(await push({ hello: 2 })).toMatchObject({ kind: 'dead-letter' })
  })

  test('does not hinder that of another action or of another asset', async () => {
    const [one, other] = [gone(1), gone(1)]
    await push(one.events[0])
    await drop(only())
    expect(await push(other.events[0])).toMatchObject({ kind: 'dead-letter' })
    const failing = () => Promise.reject(permanentError('METADATA_REFUSED', 'no'))
    const context = bench.exports.context(recordsOn(bench.store))
    const work = { action: 'generic', event: one.events[0] }
    expect(await perform(work, { generic: failing }, context)).toMatchObject({ kind: 'dead-letter' })
  })

  test('leaves a small mark for eight days, which names nobody', async () => {
    const { clock } = bench.exports.author
    await push(gone(1).events[0])
    await drop(only())
    expect(marks()).toHaveLength(1)
    const [[, mark] = ['', '']] = marks()
    expect(mark).not.toMatch(/ada@|"Ada"/)
    expect(mark.length).toBeLessThan(200)
    clock.advance(8 * day - 1)
    expect(marks()).toHaveLength(1)
    clock.advance(1)
    expect(marks()).toEqual([])
  })

  test('leaves none when it is so old that no journal has its events, nor when there are too many', async () => {
    const { clock } = bench.exports.author
    await push(gone(1).events[0])
    const letter = only()
    for (let index = 0; index < 10_000; index++)
      await bench.store.put(`dropped.${index}`, '{}', 3600 * 24 * 30, signal())
    expect(await drop(letter)).toBe(false)
    clock.advance(9 * day)
    expect(await drop(letter)).toBe(true)
    expect(marks()).toHaveLength(10_000)
  })

  test('stays dropped when work that was parked for it is given up', async () => {
    bench.limits.maxAttempts = 1
    const [{ event, key } = { event: {}, key: '' }] = bench.publish(2)
    const failing = () => Promise.reject(permanentError('METADATA_REFUSED', 'no'))
    const context = bench.exports.context(recordsOn(bench.store))
    await perform({ action: 'export-asset', event, destination: 'one' }, { 'export-asset': failing }, context)
    await drop(only())
    neverTakes(key)
    await bench.run()

    expect([bench.pending(), bench.letters()]).toEqual([[], []])
  })
})
