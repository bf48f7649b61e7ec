import type { Clock } from '../../core/clock'

/** The time for which a batch waits for more. */
export type BatchWindow = {
  /**
   * Sets the time anew, in milliseconds: what was set before does not count any more.
   * @param mostMs since the wait began, however often it is set anew
   */
  endAfter(ms: number, mostMs?: number): void
  /** Ends the wait: the batch is being sent. */
  close(): void
}

/** A batch that waits for expected ones is sent after so many times its patience, whoever is still to come. */
export const mostPatience = 10

/** A reason that costs nothing: without one each abort makes an error with its stack, and a window is set anew for each asset. */
const setAnew = 'set anew'

/** @param onEnd called when the time is over, unless the wait was ended or set anew before */
export function createBatchWindow(clock: Clock, onEnd: () => void): BatchWindow {
  let timer: AbortController | undefined
  let begunAt: number | undefined
  return {
    close() {
      timer?.abort(setAnew)
      timer = undefined
      begunAt = undefined
    },
    endAfter(ms, mostMs = Number.POSITIVE_INFINITY) {
      timer?.abort(setAnew)
      begunAt ??= clock.now()
      const left = Math.max(0, Math.min(ms, begunAt + mostMs - clock.now()))
      const own = new AbortController()
      timer = own
      // Its signal may come too late: the sleep is over, and what follows it waits for its turn.
      clock.sleep(left, own.signal).then(
        () => {
          if (timer === own) onEnd()
        },
        () => undefined,
      )
    },
  }
}
