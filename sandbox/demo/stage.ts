import { milliseconds, type Paint } from '../print'
import { type Measure, type Screen, watched } from '../progress'
import type { Activation } from '../runtime/activation'
import type { Sandbox } from '../sandbox'

/** Where a scene of the demonstration is played. */
export type Stage = {
  sandbox: Sandbox
  paint: Paint
  /** Begins the next numbered step. */
  step(title: string): void
  /** A line below the step's title. */
  detail(text: string): void
  /** Lines with room above them. */
  block(lines: readonly string[]): void
  /** Shows the progress of a transfer; in bytes, unless another unit is given. */
  watch<T>(work: Promise<T>, total: number, done: () => number, measure?: Measure): Promise<T>
}

/** A figure and what it tells of. */
export type Fact = readonly [name: string, value: string]

/**
 * A part of the demonstration; returns what it took. Throws {@link Unexpected} when a result differs from what is
 * it should.
 */
export type Scene = (stage: Stage) => Promise<readonly Fact[]>

/** A step that came out otherwise than it should. */
export class Unexpected extends Error {
  readonly expected: string
  readonly found: string
  constructor(expected: string, found: unknown) {
    super(expected)
    this.name = 'Unexpected'
    this.expected = expected
    this.found = typeof found === 'string' ? found : (JSON.stringify(found) ?? 'nothing')
  }
}

export const expect = (condition: boolean, expected: string, found: unknown): void => {
  if (!condition) throw new Unexpected(expected, found)
}

/** How long an activation took, for people. */
export const duration = (activation: Activation | undefined): string =>
  activation ? milliseconds(activation.durationMs) : 'no answer'

/** Names and values of each group, in the same two columns. */
export const columns = (groups: readonly (readonly Fact[])[]): string[][] => {
  const width = Math.max(...groups.flat().map(([name]) => name.length))
  return groups.map((facts) => facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`))
}

/** Sets the stage on a running sandbox. */
export const setStage = (sandbox: Sandbox, screen: Screen, paint: Paint): Stage => {
  let number = 0
  const detail = (text: string): void => screen.write(`   ${text}`)
  return {
    sandbox,
    paint,
    detail,
    step: (title) => {
      number += 1
      screen.write(`${number > 1 ? '\n' : ''}${paint.bold(`${number}. ${title}`)}`)
    },
    block: (lines) => {
      screen.write('')
      for (const line of lines) detail(line)
    },
    watch: (work, total, done, measure) =>
      watched(work, { screen, total, done, ...(measure === undefined ? {} : { measure }) }),
  }
}
