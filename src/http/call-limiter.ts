import { type Clock, systemClock } from '../core/clock'

/** What a service allows: so many calls in any span of time, so many of them at once. */
export type CallLimits = { calls: number; windowMs: number; atOnce: number }

/** Delays calls, so that a service never receives more than it allows. */
export type CallLimiter = {
  /**
   * Does the work when it may be done, first come first served.
   * @throws the work's error, or the signal's reason when it aborts while the work waits
   */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

type Waiter = { begin: () => void }

/**
 * Creates a limiter. Limits that change are read before each call. When a call reaches the service is not known, only that it is between its start and its end. So a
 * call counts from its start until a whole span after its end: then no span holds more than the allowed calls, however
 * slow the network is.
 */
export function createCallLimiter(
  limits: CallLimits | (() => CallLimits),
  clock: Clock = systemClock,
): CallLimiter {
  const limitsNow = typeof limits === 'function' ? limits : () => limits
  const waiting: Waiter[] = []
  /** When the calls that have ended stop to count, soonest first. */
  const ended: number[] = []
  let running = 0
  let alarm: AbortController | undefined

  return { run }

  async function run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    await untilAllowed(signal)
    try {
      signal.throwIfAborted()
      return await work()
    } finally {
      running -= 1
      ended.push(clock.now() + limitsNow().windowMs)
      next()
    }
  }

  function untilAllowed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(waiter), 1)
        reject(signal.reason)
        next()
      }
      const waiter: Waiter = {
        begin: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      waiting.push(waiter)
      next()
    })
  }

  /** Starts the calls that the limits allow, and sets a timer for the next one. */
  function next(): void {
    const { calls, atOnce } = limitsNow()
    const now = clock.now()
    while (ended[0] !== undefined && ended[0] <= now) ended.shift()
    while (waiting.length > 0 && running < atOnce && running + ended.length < calls) {
      running += 1
      waiting.shift()?.begin()
    }
    alarm?.abort()
    alarm = undefined
    const soonest = ended[0]
    if (waiting.length === 0 || running >= atOnce || soonest === undefined) return
    const own = new AbortController()
    alarm = own
    clock.sleep(soonest - now, own.signal).then(next, () => undefined)
  }
}
