import { seededRandom } from '../../../sandbox/faults'
import type { JsonObject } from '../../../sandbox/json'
import { systemClock } from '../../../src/core/clock'
import { BridgeError, systemicError, transientError } from '../../../src/core/errors'
import { workId } from '../../../src/delivery/dead-letters'
import { eventKey } from '../../../src/events/decode'
import { perform } from '../../../src/flows/perform'
import type { Lane } from '../../../src/flows/run/work-queue'
import { cursorKey } from '../../../src/journal/cursor'
import { startCall } from '../../support/call'
import { recordsOn } from '../export/export-bench'
import { type BatchBench, startBatchBench } from './batch-bench'

type Published = { key: string; event: JsonObject; destinations: readonly ('one' | 'two')[] }

const hour = 3_600_000
const stateDown = (operation: string) =>
  transientError('STATE_UNAVAILABLE', `State fails at ${operation}`, { upstream: 'STATE' })
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

/** Runs that overlap, are killed, and whose State, destinations and workers fail by chance. */
test.each([1, 2, 3, 4])(
  'whatever fails by chance, the cursor never passes what is not accounted for (seed %d)',
  async (seed) => {
    const random = seededRandom(seed)
    const { destinations, author } = bench.exports
    const published: Published[] = []
    const positions: string[] = []
    const lost: string[] = []
    const record = (one: Published): void => {
      published.push(one)
      positions.push(bench.journal.positions().at(-1) ?? '')
    }

    function publish(): void {
      const both = random() < 0.4
      for (const { key, event } of bench.publish(1, { exportDestination: both ? 'one, two' : 'one' })) {
        record({ key, event, destinations: both ? ['one', 'two'] : ['one'] })
      }
      while (random() < 0.4) {
        const before = published[Math.floor(random() * published.length)]
        if (before === undefined) return
        const event = { ...before.event, id: `again-${published.length}` }
        bench.journal.append(event)
        record({ ...before, event })
      }
    }

    const hasLetter = (key: string, name: string): boolean =>
      bench
        .letters()
        .some(({ path, destination = name }) => path === `/content/dam/${key}` && destination === name)

    /** Each event before the cursor has arrived, or there is a record for its asset. */
    function check(position: string | undefined): void {
      const entries = bench.store.entries()
      const passed = position === undefined ? [] : published.slice(0, positions.indexOf(position) + 1)
      for (const { key, destinations: names } of passed) {
        for (const name of names) {
          const ids = published
            .filter((one) => one.key === key)
            .flatMap(({ event }) => [
              workId(eventKey(event), event, name),
              workId(eventKey(event), event, undefined),
            ])
          const isKept = ids.some((id) => entries.has(`pending.${id}`)) || hasLetter(key, name)
          if (!isKept && !destinations[name].held.has(key)) lost.push(`${key} for ${name} at ${position}`)
        }
      }
    }

    for (const destination of [destinations.one, destinations.two]) {
      destination.beforePublish = async () => {
        const chance = random()
        if (chance < 0.3) await wait(chance * 100)
        if (chance > 0.85) throw transientError('STUMBLES', 'not this time', { upstream: 'D' })
        if (chance > 0.83) throw systemicError('DOWN', 'not at all', { upstream: 'D' })
      }
    }
    let isCalm = false
    const { put } = bench.store
    bench.store.put = async (key, value, ttl, signal) => {
      await wait(random() * 3)
      await put.call(bench.store, key, value, ttl, signal)
      if (key === cursorKey(bench.journal.journalUrl)) check(bench.cursor())
      if (!isCalm && random() < 0.03) throw stateDown('put, after it')
    }
    bench.store.before = (operation) => {
      if (!isCalm && random() < 0.02) throw stateDown(operation)
    }

    async function run(): Promise<void> {
      const call = startCall()
      const { clock } = author
      const lane: Lane = {
        size: 3,
        isLocal: false,
        async run(works) {
          const chance = random()
          await wait(chance * 20)
          if (chance < 0.3) return []
          const context = bench.exports.context({
            call,
            action: 'export-worker',
            runtime: undefined,
            trigger: 'batch',
            ...recordsOn(bench.store),
          })
          return Promise.all(
            works.map((work) =>
              random() < 0.2
                ? undefined
                : perform(JSON.parse(JSON.stringify(work)), bench.exports.workParts.flows, context),
            ),
          )
        },
      }
      const killer =
        random() < 0.3 ? setTimeout(() => call.abort(new Error('killed')), random() * 200) : undefined
      bench.limits.runMs = random() < 0.5 ? 60 : 5_000
      bench.limits.graceMs = random() < 0.5 ? 10 : 500
      const begun = Date.now()
      const start = clock.now()
      const moving = { now: () => start + Date.now() - begun, sleep: systemClock.sleep }
      const otherLanes = random() < 0.6 ? [lane] : []
      await bench
        .run({ context: { call, clock: moving }, parts: { otherLanes } })
        .catch((thrown: unknown) => {
          const isExpected =
            call.signal.aborted || (thrown instanceof BridgeError && thrown.upstream === 'STATE')
          if (!isExpected) throw thrown
        })
      clearTimeout(killer)
      check(bench.cursor())
    }

    for (let index = 0; index < 30; index++) publish()
    for (let round = 0; round < 12; round++) {
      if (random() < 0.3) await Promise.all([run(), run()])
      else await run()
      author.clock.advance(Math.floor(random() * hour))
      if (round < 6) for (let index = 0; index < 3; index++) publish()
    }
    isCalm = true
    for (const destination of [destinations.one, destinations.two]) destination.beforePublish = undefined
    for (let round = 0; round < 6; round++) {
      author.clock.advance(4 * hour)
      bench.limits.runMs = 60_000
      await bench.run()
    }

    expect(lost).toEqual([])
    expect(bench.pending()).toEqual([])
    expect(bench.cursor()).toBe(positions.at(-1))
    const missing = published.filter(({ key, destinations: names }) =>
      names.some((name) => !destinations[name].held.has(key) && !hasLetter(key, name)),
    )
    expect(missing).toEqual([])
  },
  120_000,
)
