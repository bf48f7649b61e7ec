import { setTimeout as sleep } from 'node:timers/promises'
import { mebibytes } from './print'

/** Where lines are written. */
export type Screen = {
  write(line: string): void
  /** Puts a text in place of the line that is being written; absent where that is not possible, as in a file. */
  draw?(text: string): void
}

const WIDTH = 32
const EVERY_MS = 100
const INDENT = '   '

const bar = (share: number): string => {
  const full = Math.round(share * WIDTH)
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`
}

/**
 * Waits for a transfer and shows how far it is: as a bar that moves, or, where nothing can move, by a line for each
 * quarter.
 * @param options.total in bytes
 * @param options.done bytes so far
 */
export const watched = async <T>(
  work: Promise<T>,
  options: { screen: Screen; total: number; done: () => number },
): Promise<T> => {
  const { screen, total, done } = options
  const begin = performance.now()
  let quarters = 0

  const show = (): void => {
    const bytes = Math.min(done(), total)
    const seconds = (performance.now() - begin) / 1000
    const text = `${mebibytes(bytes)} of ${mebibytes(total)}, ${mebibytes(bytes / seconds)}/s`
    if (screen.draw !== undefined) {
      screen.draw(`${INDENT}${bar(bytes / total)} ${text}`)
      return
    }
    const reached = Math.floor((bytes / total) * 4)
    if (reached <= quarters) return
    quarters = reached
    screen.write(`${INDENT}${text}`)
  }

  const stop = new AbortController()
  const ticking = (async () => {
    for (;;) {
      await sleep(EVERY_MS, undefined, { signal: stop.signal })
      show()
    }
  })().catch(() => undefined)
  try {
    return await work
  } finally {
    stop.abort()
    await ticking
    show()
    if (screen.draw !== undefined) screen.write('')
  }
}
