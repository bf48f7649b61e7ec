import type { Clock } from '../../../src/core/clock'
import { systemicError } from '../../../src/core/errors'
import { createRedactor, type Redactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import type { DestinationContext } from '../../../src/plugin/destination'
import { createInstantClock } from '../../support/instant-clock'

/** Parts that a test brings itself. */
export type ContextParts = {
  /** @default one of its own */
  redactor?: Redactor
  /** @default real time whose sleeps pass at once */
  clock?: Clock
  /** @default always 0.5 */
  random?: () => number
}

/** What the app hands to a destination, with these inputs set. */
export function contextOf(
  inputs: Readonly<Record<string, string | undefined>>,
  parts: ContextParts = {},
): DestinationContext {
  const { redactor = createRedactor(), clock = createInstantClock(), random = () => 0.5 } = parts
  return {
    http: createHttpClient({ clock, random }),
    redactor,
    clock,
    random,
    input: (name) => inputs[name],
    requireInput: (name, hint) => {
      const value = inputs[name]
      if (value === undefined) throw systemicError('INPUT_INVALID', `${name} is not set: ${hint}`)
      return value
    },
  }
}
