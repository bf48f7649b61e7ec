import { setTimeout as sleep } from 'node:timers/promises'
import { mebibytes } from './print'

/** Where lines are written. */
export type Screen = {
  write(line: string): void
  /** Puts a text in place of the line that is being written; absent where that is not possible, as in a file. */
  draw?(text: string): void
}

/** A screen on the standard output, or on what stands in for it. */
export const createScreen = (output: { isTTY?: boolean; write(text: string): unknown }): Screen => ({
  write: (line) => void output.write(`${line}\n`),
  ...(output.isTTY === true ? { draw: (text: string): void => void output.write(`\r\u001b[2K${text}`) } : {}),
})

const WIDTH = 32
const EVERY_MS = 100
const INDENT = '   '

const bar = (share: number): string => {
  const full = Math.round(share * WIDTH)
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`
}

/** How an amount is displayed. */
export type Measure = (amount: number) => string

/**
 * Waits for a transfer and shows how far it is: as a bar that moves, or, where nothing can move, by a line for each
 * quarter.
 * @param options.total all of it, in bytes or whatever else
 * @param options.done so much so far
 * @param options.measure bytes by default
 */
export const watched = async <T>(
  work: Promise<T>,
  options: { screen: Screen; total: number; done: () => number; measure?: Measure },
): Promise<T> => {
  const { screen, total, done, measure = mebibytes } = options
  const begin = performance.now()
  let quarters = 0

  const show = (): void => {
    const amount = Math.min(done(), total)
    const seconds = (performance.now() - begin) / 1000
    const text = `${measure(amount)} of ${measure(total)}, ${measure(amount / seconds)}/s`
    if (screen.draw !== undefined) {
      screen.draw(`${INDENT}${bar(amount / total)} ${text}`)
      return
    }
    const reached = Math.floor((amount / total) * 4)
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
