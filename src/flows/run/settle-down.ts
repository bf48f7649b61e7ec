import { untilAborted } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import { workId } from '../../delivery/dead-letters'
import { eventKey } from '../../events/decode'
import type { FlowContext } from '../event-flow'
import type { Problem, Work } from '../perform'
import { isOwnFailure } from './blame'
import type { JournalReport } from './drain-journal'
import type { Run } from './run-state'

/**
 * Waits for what has begun. Past its time the run begins nothing more; what is still going on a while later is parked,
 * so that the next run need not wait for it, and its record is removed when it is done after all.
 * @returns what went wrong on the way
 */
export async function settleDown(run: Run): Promise<BridgeError | undefined> {
  const { parts, queue, accounts, parking, context, systems } = run
  const { clock } = parts
  let error: BridgeError | undefined
  try {
    const isIdle = await within(run, run.endsAt - clock.now())
    if (!isIdle) {
      queue.stop()
      if (!(await within(run, run.graceMs))) await detach(run)
    }
    await accounts.release()
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    error = toBridgeError(thrown)
    queue.stop()
    // Whatever is under way may still be accounted for.
    await within(run, run.graceMs).catch(() => undefined)
  }
  const counted = await attempt(async () => {
    accounts.counts.deadLettered += await parking.count((problem, work) =>
      isOwnFailure(systems, problem, work),
    )
  }, context)
  return error ?? counted
}

/** Whether everything is done within this time. */
export async function within({ queue, parts, context }: Run, ms: number): Promise<boolean> {
  const over = new AbortController()
  const { signal } = context.call
  const follow = (): void => over.abort(signal.reason)
  signal.addEventListener('abort', follow, { once: true })
  try {
    const time = parts.clock.sleep(Math.max(0, ms), over.signal).then(() => false)
    time.catch(() => undefined)
    return await untilAborted(Promise.race([queue.idle().then(() => true), time]), signal)
  } finally {
    signal.removeEventListener('abort', follow)
    over.abort()
  }
}

async function detach({ queue, context, parts, parking }: Run): Promise<void> {
  const { call } = context
  const problem: Problem = {
    failureClass: 'transient',
    code: 'STILL_RUNNING',
    message: 'it was still going on when its run ended, and goes on beside the next one',
    notBefore: Math.min(call.deadline, parts.clock.now() + longestRestMs),
  }
  for (const entry of queue.running()) {
    const { piece, settle } = entry
    const { work, replaced } = piece
    entry.settle = async (_, { kind }) => {
      if (kind === 'again') return
      for (const id of [idOf(work), ...replaced]) await parking.remove(id)
    }
    const problems = [{ ...problem, destination: work.destination }]
    const { message } = problem
    await settle(piece, { kind: 'again', message, bytes: 0, problems, reached: [], isRead: false })
  }
}

/** An activation lasts no longer. */
const longestRestMs = 3 * 3_600_000

const idOf = (work: Work): string => work.id ?? workId(eventKey(work.event), work.event, work.destination)

/** The age of the oldest event that is not done with. */
export function lagOf({ parts, parked }: Run, reports: readonly JournalReport[]): number {
  const now = parts.clock.now()
  const starts = reports.flatMap((report) => {
    const at = report.isCaughtUp() ? undefined : report.oldest()
    return at === undefined ? [] : [at]
  })
  const oldest = Math.min(now, ...parked.values(), ...starts)
  return now - oldest
}

/** Tries something at the end of a run, when it can no longer end the run. */
export async function attempt(
  work: () => Promise<void>,
  { call }: FlowContext,
): Promise<BridgeError | undefined> {
  try {
    await work()
    return undefined
  } catch (thrown) {
    call.signal.throwIfAborted()
    return toBridgeError(thrown)
  }
}
