import { type BridgeError, toBridgeError } from '../../core/errors'
import type { FlowContext } from '../event-flow'
import { thrownBy } from '../thrown-by'
import { batchDetails } from './batch-details'
import { drainJournal, type Journal, type JournalReport } from './drain-journal'
import { finishRun, lagOf } from './finish-run'
import { inAnyOrder } from './order'
import type { RunResult } from './run-result'
import { createRun, limitReached, type Run, type RunParts } from './run-state'
import { createParkedWork, type ParkedWork } from './take-parked'

/**
 * Runs due parked work and the events of the journals through their flows, as far as the limits allow. However it ends,
 * the cursors never pass an event that is not accounted for.
 * @throws nothing but the signal's reason
 */
export async function runBatch(parts: RunParts, context: FlowContext): Promise<RunResult> {
  const run = createRun(parts, context)
  // A journal that is never empty must not block the others.
  const order = inAnyOrder([...parts.journals.keys()].map(String), context.clock.now())
  const journals = order.flatMap((index) => parts.journals[Number(index)] ?? [])
  const stopTimer = stopInTime(run)
  const reports = new Map<Journal, JournalReport>()
  let error: BridgeError | undefined
  try {
    const parkedWork = createParkedWork(run)
    await parkedWork.begin()
    // With too many parked records the run does those first: the ones that succeed make room for new events.
    if (run.parking.parked.size >= parts.limits.maxPending) await parkedWork.finish(Promise.resolve())
    error = await bothOf(run, parkedWork, drainAll(run, journals, reports))
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    error = toBridgeError(thrown)
    run.queue.stop()
  }
  const late = await finishRun(run).finally(stopTimer)
  error ??= late
  for (const journal of journals) {
    const lost = await thrownBy(() => keepCursor(journal, reports.get(journal), context), context)
    error ??= lost
  }
  const isOver = limitReached(run)
  const isCaughtUp = journals.every((journal) => reports.get(journal)?.isCaughtUp())
  const reason = isOver === undefined || isCaughtUp ? 'everything that was due is accounted for' : isOver
  return {
    outcome: error !== undefined ? 'failed' : isCaughtUp ? 'done' : 'stopped',
    message: context.redactor.text(error?.message ?? reason),
    ...(error === undefined ? {} : { error }),
    counts: { ...run.accounts.counts, bytes: run.accounts.bytes(), events: run.events },
    details: batchDetails(
      journals.map((journal) => ({ url: journal.url, report: reports.get(journal) })),
      { lagMs: lagOf(run, [...reports.values()]), pending: run.parking.parked.size },
    ),
    systems: run.breaker.known(),
    rest: run.queue.idle().catch(() => undefined),
  }
}

/**
 * Waits until the parked work is taken and the journals are read; when one of the two fails, the other ends.
 * @returns why a journal could not be read
 */
async function bothOf(
  { queue }: Run,
  parkedWork: ParkedWork,
  reading: Promise<BridgeError | undefined>,
): Promise<BridgeError | undefined> {
  const taking = parkedWork.finish(reading)
  reading.catch(() => queue.stop())
  taking.catch((thrown) => queue.stop(thrown))
  const [read, taken] = await Promise.allSettled([reading, taking])
  if (read.status === 'rejected') throw read.reason
  if (taken.status === 'rejected') throw taken.reason
  return read.value
}

/** After the time limit nothing is started, however much waits for room in the queue. */
function stopInTime({ queue, context: { clock }, endsAt }: Run): () => void {
  const over = new AbortController()
  clock.sleep(Math.max(0, endsAt - clock.now()), over.signal).then(
    () => queue.stop(),
    () => undefined,
  )
  return () => over.abort()
}

/** Reads the journals, one after the other. @returns why the first of those that could not be read could not be */
async function drainAll(
  run: Run,
  journals: readonly Journal[],
  reports: Map<Journal, JournalReport>,
): Promise<BridgeError | undefined> {
  let error: BridgeError | undefined
  for (const journal of journals) {
    const problem = await drain(run, journal, reports)
    error ??= problem
  }
  return error
}

/**
 * Reads one journal. A journal that cannot be read does not stop the others, unless a system that all need is down.
 */
async function drain(
  run: Run,
  journal: Journal,
  reports: Map<Journal, JournalReport>,
): Promise<BridgeError | undefined> {
  const { accounts, context, parts } = run
  try {
    await drainJournal(
      {
        journal,
        start: parts.start,
        ready: run.queue.ready,
        add: run.queue.add,
        ...(parts.onGap === undefined ? {} : { onGap: parts.onGap }),
        skip: () => {
          accounts.counts.skipped += 1
        },
        isOver: () => {
          const isOver = limitReached(run) !== undefined
          if (!isOver) run.events += 1
          return isOver
        },
      },
      context.call,
      (report) => reports.set(journal, report),
    )
    return undefined
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    const error = toBridgeError(thrown)
    if (error.upstream !== 'JOURNAL') throw error
    context.call.logger.error('a journal could not be read', { error: error.toJSON() })
    return error
  }
}

/** Work that completes after the last event was read counts as well. Without a report the cursor was not loaded. */
async function keepCursor(
  { cursor }: Journal,
  report: JournalReport | undefined,
  { call }: FlowContext,
): Promise<void> {
  await cursor.advance(report?.after(), call)
  await cursor.flush(call)
}
