import { createContext, Script } from 'node:vm'
import { type Hostile, hostileTexts, textOf } from './hostile-texts'

const length = 8_000
const times = 4
/** What grows with the length takes about `times` as long, what grows with its square `times` * `times`. */
const maxRatio = times * 2.2
const tries = 4
/** Below that no growth can be measured, and none with the square of the length hides. In milliseconds. */
const worthMeasuring = 0.5
/** For one text of some thousand characters. Only what never ends takes so long. */
const maxMs = 2_000

/** Applies an expression as its flags say, often enough, and answers the least time it took. */
const apply = new Script(`(() => {
  let least = Infinity
  for (let round = 0; round < rounds; round++) {
    const start = now()
    if (expression.global) text.replace(expression, '')
    else { expression.lastIndex = 0; expression.test(text) }
    least = Math.min(least, now() - start)
  }
  return least
})()`)

/**
 * The first text on which the cost of an expression grows faster than the length; undefined when there is none. The
 * machine may be busy: what counts is the least of several times, only how they relate, and what shows again and again.
 */
export function costlyText(expression: RegExp): Hostile | undefined {
  const context = createContext({ expression, text: '', rounds: 3, now: processorMs })
  apply.runInContext(context)
  return hostileTexts(expression).find((hostile) => {
    try {
      // One that grows like 2 to the length shows here, before it takes for ever.
      for (const short of [100, length]) {
        if (least(textOf(hostile, short), 1) > worthMeasuring && growsFast(hostile, short)) return true
      }
      return false
    } catch (thrown) {
      if (isTimeout(thrown)) return true
      throw thrown
    }
  })

  /** What is so is so each time; what else the machine does is not. */
  function growsFast(hostile: Hostile, short: number): boolean {
    const [few, many] = [textOf(hostile, short), textOf(hostile, times * short)]
    return Array.from({ length: tries }).every(() => least(many, 2) / least(few, 5) > maxRatio)
  }

  function least(text: string, rounds: number): number {
    Object.assign(context, { text, rounds })
    return Number(apply.runInContext(context, { timeout: maxMs }))
  }
}

/** Of this process: what else the machine does takes no part in it. */
function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const isTimeout = (thrown: unknown): boolean =>
  typeof thrown === 'object' &&
  thrown !== null &&
  'code' in thrown &&
  thrown.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
