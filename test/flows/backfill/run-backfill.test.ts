import type { AssetLibrary } from '../../../src/aem/library'
import { systemicError } from '../../../src/core/errors'
import { createLeases } from '../../../src/delivery/lease'
import { openCheckpoints } from '../../../src/flows/backfill/checkpoint'
import { cancelledBy, pausedBy, takeOver } from '../../../src/flows/backfill/control'
import { type BackfillParts, runBackfill } from '../../../src/flows/backfill/run-backfill'
import { type BackfillTask, taskId, type Worked } from '../../../src/flows/backfill/task'
import type { WorkPage } from '../../../src/flows/backfill/work-page'
import type { Failure, Outcome } from '../../../src/flows/outcome'
import { startCall } from '../../support/call'
import { createMemoryStore } from '../../support/memory-store'
import { createTestClock } from '../../support/test-clock'

const origin = 'https://author.example.com'
const task: BackfillTask = { kind: 'enrich', origin, folder: '/content/dam', types: [], isDryRun: false }
const id = taskId(task)
const pageSize = 10
const call = startCall()

const clock = createTestClock()
const store = createMemoryStore(clock)
const leases = createLeases({ store, clock })
const checkpoints = openCheckpoints(store)

/** A library of so many assets; its position is the number of the next one. */
const libraryOf = (count: number): AssetLibrary => ({
  async *pages(_origin, { after = '0' }) {
    for (let start = Number(after); start < count; start += pageSize) {
      const end = Math.min(count, start + pageSize)
      const entries = Array.from({ length: end - start }, (_, index) => ({
        ref: { origin, id: `urn:aaid:aem:${start + index}`, path: `/content/dam/${start + index}.png` },
      }))
      yield { entries, position: String(end), progress: end / count }
    }
  },
})

const outcomeOf = (ref: { id?: string; path?: string }, kind: 'unchanged' | Failure): Outcome =>
  typeof kind === 'string'
    ? { kind, asset: { id: ref.id ?? '', path: ref.path ?? '', name: '', origin } }
    : { kind: 'retry', failure: kind }

type Done = string[][]

/** Work that leaves all assets as they are, but for those that fail, and writes the pages down. */
const workOf =
  (done: Done, failing: (id: string) => Failure | undefined = () => undefined): WorkPage =>
  async (refs) => {
    done.push(refs.map((ref) => ref.id ?? ''))
    return refs.map(
      (ref): Worked => ({
        ref,
        outcomes: [outcomeOf(ref, failing(ref.id ?? '') ?? 'unchanged')],
      }),
    )
  }

let runs = 0
const partsFor = (count: number, work: WorkPage, more: Partial<BackfillParts> = {}): BackfillParts => ({
  library: libraryOf(count),
  checkpoints,
  leases,
  clock,
  work,
  pagesAtOnce: 1,
  pageSize,
  owner: `run ${++runs}`,
  sinceMs: undefined,
  onWorked: async () => undefined,
  onProgress: () => undefined,
  ...more,
})
const run = (parts: BackfillParts, isRestart = false) => runBackfill(task, { isRestart }, parts, call)

beforeEach(async () => {
  for (const key of store.entries().keys()) await store.remove(key, call.signal)
})

const refused: Failure = { failureClass: 'permanent', code: 'METADATA_REFUSED', message: 'no' }
const busy: Failure = { failureClass: 'transient', code: 'AEM_UNAVAILABLE', message: 'busy', upstream: 'AEM' }

it('has one key in State and one lease, however many assets there are, and none in the end', async () => {
  const keys = new Set<string>()
  const done: Done = []
  const onProgress = () => {
    for (const key of store.entries().keys()) keys.add(key)
  }
  const result = await run(partsFor(5_000, workOf(done), { onProgress }))

  expect(result).toMatchObject({ done: true, tally: { checked: 5_000, unchanged: 5_000 } })
  expect([...keys].sort()).toEqual([`backfill.${id}`, `lease.backfill.${id}`])
  expect(store.entries().size).toBe(0)
})

it('repeats the page that a kill interrupted, and no other', async () => {
  const done: Done = []
  let pages = 0
  const killed = (async (refs, own) => {
    pages += 1
    // Nothing after a kill is done: neither the page nor the checkpoint.
    if (pages === 3) return new Promise(() => undefined)
    return workOf(done)(refs, own)
  }) satisfies WorkPage
  void run(partsFor(50, killed))
  while (pages < 3) await new Promise(setImmediate)

  const result = await run(partsFor(50, workOf(done)))

  expect(result).toMatchObject({ done: true, tally: { checked: 50, unchanged: 50 } })
  expect(done.flat()).toHaveLength(50)
  expect(new Set(done.flat()).size).toBe(50)
})

it('is taken over by a run that starts; the older one stops at the end of its page, and spoils nothing', async () => {
  const [older, newer]: [Done, Done] = [[], []]
  let second: Promise<unknown> | undefined
  const first = await run(
    partsFor(50, async (refs, own) => {
      if (older.length === 1) second = run(partsFor(50, workOf(newer)))
      await second
      return workOf(older)(refs, own)
    }),
  )

  expect(first).toMatchObject({ done: false, stopped: 'taken-over', tally: { checked: 10 } })
  expect(await second).toMatchObject({ done: true, tally: { checked: 50 } })
  expect(store.entries().size).toBe(0)
})

it('pauses at the end of a page, and goes on from there', async () => {
  const done: Done = []
  const pausing: WorkPage = async (refs, own) => {
    if (done.length === 2) await takeOver(leases, id, pausedBy, call)
    return workOf(done)(refs, own)
  }
  expect(await run(partsFor(50, pausing))).toMatchObject({ done: false, stopped: 'paused' })
  expect(await checkpoints.load(id, call.signal)).toMatchObject({ position: '20', progress: 0.4 })

  expect(await run(partsFor(50, workOf(done)))).toMatchObject({ done: true, tally: { checked: 50 } })
})

it('goes on though its lease has ended during a long page', async () => {
  const slow: WorkPage = async (refs, own) => {
    clock.advance(3_600_000)
    return workOf([])(refs, own)
  }
  expect(await run(partsFor(50, slow))).toMatchObject({ done: true, tally: { checked: 50 } })
})

it('leaves nothing behind when it is cancelled', async () => {
  const done: Done = []
  const cancelling: WorkPage = async (refs, own) => {
    await takeOver(leases, id, cancelledBy, call)
    await checkpoints.remove(id, call.signal)
    return workOf(done)(refs, own)
  }
  expect(await run(partsFor(50, cancelling))).toMatchObject({ done: false, stopped: 'cancelled' })
  expect(store.entries().size).toBe(0)
})

it('does what failed for now once more at the end, and what failed for good never again', async () => {
  const done: Done = []
  const tries = new Map<string, number>()
  const failing = (one: string): Failure | undefined => {
    const count = (tries.get(one) ?? 0) + 1
    tries.set(one, count)
    if (one.endsWith(':7')) return refused
    return one.endsWith('2') && count === 1 ? busy : undefined
  }
  const result = await run(partsFor(30, workOf(done, failing)))

  expect(result).toMatchObject({ done: true, tally: { checked: 30, unchanged: 29, failed: 1 } })
  expect(done.at(-1)).toEqual([2, 12, 22].map((number) => `urn:aaid:aem:${number}`))
  expect(store.entries().size).toBe(0)
})

it('keeps what still fails for the next run, which does nothing else', async () => {
  const [first, second]: [Done, Done] = [[], []]
  const failing = (one: string) => (one.endsWith(':4') ? busy : undefined)
  expect(await run(partsFor(30, workOf(first, failing)))).toMatchObject({ done: false, tally: { failed: 1 } })

  const result = await run(partsFor(30, workOf(second)))
  expect(result).toMatchObject({ done: true, tally: { checked: 30, failed: 0, unchanged: 30 } })
  expect(second).toEqual([['urn:aaid:aem:4']])
})

it.each<[string, Failure]>([
  ['the PIM', { failureClass: 'systemic', code: 'PIM_UNAUTHORIZED', message: 'no', upstream: 'PIM' }],
  ['AEM', busy],
])('stops where it stands when %s is down, and counts nothing of that page', async (_, failure) => {
  const done: Done = []
  let isDown = true
  const failing = (one: string) => (isDown && Number(one.slice(13)) >= 20 ? failure : undefined)

  const first = await run(partsFor(50, workOf(done, failing)))
  expect(first).toMatchObject({ done: false, error: { code: failure.code }, tally: { checked: 20 } })

  isDown = false
  expect(await run(partsFor(50, workOf(done, failing)))).toMatchObject({
    done: true,
    tally: { checked: 50, failed: 0 },
  })
})

it('goes on when AEM refuses a whole folder to the account: others are not in it', async () => {
  const forbidden: Failure = { ...busy, failureClass: 'systemic', code: 'AEM_FORBIDDEN' }
  const failing = (one: string) => (Number(one.slice(13)) < 20 ? forbidden : undefined)
  const result = await run(partsFor(50, workOf([], failing)))

  expect(result).toMatchObject({ done: false, tally: { checked: 50, failed: 20 } })
  expect(result.error).toBeUndefined()
})

it('with several workers has as many pages in progress, and its checkpoint passes none that is not done', async () => {
  let [active, most] = [0, 0]
  const positions: string[] = []
  const slow: WorkPage = async (refs) => {
    most = Math.max(most, ++active)
    // Later pages end first.
    for (let turns = 100 - Number(refs[0]?.id?.slice(13)); turns > 0; turns--) await new Promise(setImmediate)
    active -= 1
    return workOf([])(refs, call)
  }
  const onProgress: BackfillParts['onProgress'] = ({ position = '' }) => positions.push(position)
  const result = await run(partsFor(100, slow, { pagesAtOnce: 4, onProgress }))

  expect(result).toMatchObject({ done: true, tally: { checked: 100 } })
  expect(most).toBe(4)
  expect(positions.slice(0, 10)).toEqual(['10', '20', '30', '40', '50', '60', '70', '80', '90', '100'])
})

it('ends with the failure of the search, and goes on the next time', async () => {
  const broken: AssetLibrary = {
    async *pages(...args) {
      let pages = 0
      for await (const page of libraryOf(50).pages(...args)) {
        if (++pages > 2) throw systemicError('AEM_FORBIDDEN', 'no')
        yield page
      }
    },
  }
  const result = await run(partsFor(50, workOf([]), { library: broken }))
  expect(result).toMatchObject({ done: false, error: { code: 'AEM_FORBIDDEN' }, tally: { checked: 20 } })
  const done: Done = []
  expect(await run(partsFor(50, workOf(done)))).toMatchObject({ done: true, tally: { checked: 50 } })
  expect(done).toHaveLength(3)
})

it('begins anew when it is told to', async () => {
  await run(
    partsFor(
      50,
      workOf([], (one) => (one.endsWith(':4') ? busy : undefined)),
    ),
  )
  const done: Done = []
  expect(await run(partsFor(50, workOf(done)), true)).toMatchObject({ done: true, tally: { checked: 50 } })
  expect(done.flat()).toHaveLength(50)
})

it('fails when its checkpoint cannot be written: nothing must be done that nobody remembers', async () => {
  store.before = (operation, key) => {
    if (operation === 'put' && key === `backfill.${id}`) throw systemicError('STATE_REFUSED', 'full')
  }
  const done: Done = []
  await expect(run(partsFor(50, workOf(done)))).rejects.toMatchObject({ code: 'STATE_REFUSED' })
  store.before = undefined
  expect(done).toEqual([])
})
