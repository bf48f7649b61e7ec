/** One attempt, with its own time limit inside a longer one. */
export type Attempt = {
  /** Aborts with the outer signal, when the time is up, or by `cancel`. */
  signal: AbortSignal
  /** Whether the attempt ended by its own time limit. */
  timedOut(): boolean
  /** Aborts the signal, so that the attempt ends. */
  cancel(reason?: unknown): void
  /** Releases the outer signal and the timer. It must be called in any case. */
  release(): void
}

/** Node's timers go off at once when they are set for longer. */
const maxTimerMs = 2 ** 31 - 1

/**
 * Starts a try. `AbortSignal.any` would do the same, but Node keeps each signal it makes in memory for as long as
 * the container lives when one of its sources has a listener.
 * @param timeIsUp what the signal aborts with when the time is up @default an `AbortError`
 */
export function startAttempt(outer: AbortSignal, timeoutMs: number, timeIsUp?: () => Error): Attempt {
  const controller = new AbortController()
  let isLate = false
  const follow = (): void => controller.abort(outer.reason)
  const timer = setTimeout(
    () => {
      isLate = true
      controller.abort(timeIsUp?.())
    },
    Math.min(Math.max(0, timeoutMs), maxTimerMs),
  )
  if (outer.aborted) follow()
  else outer.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    timedOut: () => isLate,
    cancel: (reason) => controller.abort(reason),
    release() {
      clearTimeout(timer)
      outer.removeEventListener('abort', follow)
    },
  }
}
