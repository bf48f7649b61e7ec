import type { Clock } from '../../core/clock'

/** The time for which a batch waits for more. */
export type BatchWindow = {
  /** Sets the time anew, in milliseconds: what was set before does not count any more. */
  endAfter(ms: number): void
  /** Ends the wait: the batch is being sent. */
  close(): void
}

/** A reason that costs nothing: without one each abort makes an error with its stack, and a window is set anew for each asset. */
const setAnew = 'set anew'

/** @param onEnd called when the time is over, unless the wait was ended or set anew before */
export function createBatchWindow(clock: Clock, onEnd: () => void): BatchWindow {
  let timer: AbortController | undefined
  const close = (): void => {
    timer?.abort(setAnew)
    timer = undefined
  }
  return {
    close,
    endAfter(ms) {
      close()
      const own = new AbortController()
      timer = own
      // Its signal may come too late: the sleep is over, and what follows it waits for its turn.
      clock.sleep(ms, own.signal).then(
        () => {
          if (timer === own) onEnd()
        },
        () => undefined,
      )
    },
  }
}
