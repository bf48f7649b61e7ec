import { untilAborted } from '../../core/call-context'
import { type BridgeError, toBridgeError } from '../../core/errors'
import { type Failure, verdictOf } from '../outcome'
import { isOwnFailure } from '../systems'
import { thrownBy } from '../thrown-by'
import { idOf } from '../work'
import type { JournalReport } from './drain-journal'
import type { Run } from './run-state'

/**
 * Waits for running work. After its time limit a run starts no further work. Work that still runs after the grace
 * period is parked, so that the next run does not wait for it; its record is removed if it completes after all.
 * @returns the first failure, if there was one
 */
export async function finishRun(run: Run): Promise<BridgeError | undefined> {
  const { queue, accounts, parking, context, breaker } = run
  const { clock } = context
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
    // Running work may still be accounted for.
    await within(run, run.graceMs).catch(() => undefined)
  }
  const counted = await thrownBy(async () => {
    accounts.counts.deadLettered += await parking.count((work, undone) => isOwnFailure(breaker, work, undone))
  }, context)
  return error ?? counted
}

/** Whether everything is done within this time. */
async function within({ queue, context }: Run, ms: number): Promise<boolean> {
  const over = new AbortController()
  const { signal } = context.call
  const follow = (): void => over.abort(signal.reason)
  signal.addEventListener('abort', follow, { once: true })
  try {
    const time = context.clock.sleep(Math.max(0, ms), over.signal).then(() => false)
    time.catch(() => undefined)
    return await untilAborted(Promise.race([queue.idle().then(() => true), time]), signal)
  } finally {
    signal.removeEventListener('abort', follow)
    over.abort()
  }
}

async function detach({ queue, context, parking }: Run): Promise<void> {
  const { call, clock } = context
  const failure: Failure = {
    failureClass: 'transient',
    code: 'STILL_RUNNING',
    message: 'it was still running when its run ended, and continues beside the next run',
    notBefore: Math.min(call.deadline, clock.now() + longestRestMs),
  }
  for (const entry of queue.running()) {
    const { unit, accountFor } = entry
    const { work, replaced } = unit
    entry.accountFor = async (_, outcome) => {
      if (verdictOf(outcome) === 'again') return
      for (const id of [idOf(work), ...replaced]) await parking.remove(id)
    }
    await accountFor(unit, { kind: 'retry', failure })
  }
}

/** The longest life of an activation. */
const longestRestMs = 3 * 3_600_000

/** The age of the oldest event that is not accounted for, in milliseconds. */
export function lagOf({ context, parking: { parked } }: Run, reports: readonly JournalReport[]): number {
  const now = context.clock.now()
  const starts = reports.flatMap((report) => {
    const at = report.isCaughtUp() ? undefined : report.oldest()
    return at === undefined ? [] : [at]
  })
  const oldest = Math.min(now, ...parked.values(), ...starts)
  return now - oldest
}
