import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { toBridgeError } from '../core/errors'

/** Kept for the answer. */
const graceMs = 5_000

/**
 * Does work again after transient failures.
 * @param waitsMs how long to wait before each repetition; none when it is empty
 * @throws {BridgeError} the last failure; the signal's reason
 */
export async function patiently<T>(
  work: () => Promise<T>,
  waitsMs: readonly number[],
  clock: Clock,
  call: CallContext,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = toBridgeError(thrown)
      const wait = waitsMs[attempt]
      if (error.failureClass !== 'transient' || wait === undefined) throw error
      if (clock.now() + wait + graceMs >= call.deadline) throw error
      call.logger.warn('will be tried again', { error: error.toJSON(), seconds: wait / 1000 })
      await clock.sleep(wait, call.signal)
    }
  }
}
