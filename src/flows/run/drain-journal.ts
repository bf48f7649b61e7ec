import type { CallContext } from '../../core/call-context'
import { type Accounting, createAccounting } from '../../journal/accounting'
import type { CursorKeeper } from '../../journal/cursor'
import type { Cursor, JournalStart } from '../../journal/position'
import type { Gap, JournalReader } from '../../journal/reader'
import { routesOf } from './route'
import { sortOf } from './sort'
import type { Job } from './work-queue'

/** One journal, and the run's position in it. */
export type Journal = { url: string; reader: JournalReader; cursor: CursorKeeper }

/** The progress of reading one journal. */
export type JournalReport = {
  events(): number
  before: Cursor | undefined
  /** The position up to which everything is accounted for; it still moves while the last units complete. */
  after(): Cursor | undefined
  /** Since when something is not accounted for, in milliseconds since the epoch, where known. */
  oldest(): number | undefined
  gaps: readonly Gap[]
  /** Everything that was in the journal is accounted for. */
  isCaughtUp(): boolean
}

export type DrainOptions = {
  journal: Journal
  start: JournalStart
  /** Waits while there is too much for one more event. */
  ready(): Promise<void>
  /** Takes an event's work; waits while there is too much. */
  add(job: Job): Promise<void>
  /** Called for an event that no flow handles. */
  skip(): void
  /** Called before each event: whether to stop reading. */
  isOver(): boolean
}

/**
 * Reads a journal from its cursor on and queues each event. The cursor moves only past events that are accounted for.
 * @param onBegin gets the report before anything is read; the report always shows the current state
 * @throws {BridgeError} when the journal cannot be read, or State fails
 */
export async function drainJournal(
  { journal, start, ready, add, skip, isOver }: DrainOptions,
  call: CallContext,
  onBegin: (report: JournalReport) => void,
): Promise<void> {
  const { reader, cursor } = journal
  const accounting: Accounting<Cursor> = createAccounting()
  const before = await cursor.load(call)
  if (before === undefined) await cursor.begin(start, call)
  const gaps: Gap[] = []
  let events = 0
  let first: number | undefined
  let isEnd = false
  onBegin({
    events: () => events,
    before,
    after: () => accounting.committed() ?? before,
    oldest: () => accounting.committed()?.at ?? before?.at ?? first,
    gaps,
    isCaughtUp: () => isEnd && accounting.uncommitted() === 0,
  })
  for await (const read of reader.pages(before ?? start, call)) {
    if (read.kind === 'gone') {
      if (read.gap !== undefined) gaps.push(read.gap)
      continue
    }
    for (const { event, ...place } of read.events) {
      const { at } = place
      await ready()
      if (isOver()) return
      events += 1
      first ??= at
      const done = accounting.register(place)
      const routes = routesOf(event)
      if (routes.length === 0) {
        skip()
        done()
      }
      const open = new Set(routes)
      for (const [index, route] of routes.entries()) {
        const { action, subject, kind } = route
        const routeDone = (): void => {
          open.delete(route)
          if (open.size === 0) done()
        }
        // The event counts once, however many flows it goes through.
        const events = index === 0 ? 1 : 0
        const unit = { work: { action, event }, events, replaced: [], since: at, done: [routeDone] }
        await add({ unit, subject, kind, sort: sortOf('new', action) })
      }
      await cursor.advance(accounting.committed(), call)
    }
    accounting.register(read.next)()
    await cursor.advance(accounting.committed(), call)
    if (read.isEnd) break
  }
  isEnd = true
}
