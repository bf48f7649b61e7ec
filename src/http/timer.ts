/** A timer of a connection. */
export type Timer = {
  /** Restarts the timer. */
  refresh(): void
  stop(): void
}

/**
 * Calls back after a time without a restart of the timer.
 * @param options.background it does not keep the process running @default false
 */
export function startTimer(
  ms: number,
  work: () => void,
  { background = false }: { background?: boolean } = {},
): Timer {
  const timer = setTimeout(work, ms)
  if (background) timer.unref()
  return { refresh: () => void timer.refresh(), stop: () => clearTimeout(timer) }
}

/**
 * Waits for work no longer than so many milliseconds. The work itself continues.
 * @throws what `timeIsUp` gives; what the work throws
 */
export async function within<T>(ms: number, work: Promise<T>, timeIsUp: () => Error): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = startTimer(ms, () => reject(timeIsUp()))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer?.stop()
  }
}
