import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { retry } from '../http/retry'
import { etagNotAcceptedCode } from './update-metadata'

/** Left for the answer before the deadline. */
const reserveMs = 5_000

/**
 * Repeats work after transient failures.
 * @param waitsMs how long to wait before each repetition; none when it is empty
 * @throws {BridgeError} the last failure; the signal's reason
 */
export function retryTransient<T>(
  work: () => Promise<T>,
  waitsMs: readonly number[],
  clock: Clock,
  call: CallContext,
): Promise<T> {
  return retry(
    {
      clock,
      waitsMs,
      reserveMs,
      // A replica of an author that lags for seconds looks the same as a proxy that changes ETags for ever.
      mayPass: ({ failureClass, code }) => failureClass === 'transient' || code === etagNotAcceptedCode,
      onRepeat: (error, waitMs) =>
        call.logger.warn('will be tried again', { error: error.toJSON(), seconds: waitMs / 1000 }),
    },
    call,
    work,
  )
}
