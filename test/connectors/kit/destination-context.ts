import { systemicError } from '../../../src/core/errors'
import { createRedactor, type Redactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import type { DestinationContext } from '../../../src/plugin/destination'

/** What the app hands to a destination, with these inputs set. */
export function contextOf(
  inputs: Readonly<Record<string, string | undefined>>,
  redactor: Redactor = createRedactor(),
): DestinationContext {
  return {
    http: createHttpClient(),
    redactor,
    input: (name) => inputs[name],
    requireInput: (name, hint) => {
      const value = inputs[name]
      if (value === undefined) throw systemicError('INPUT_INVALID', `${name} is not set: ${hint}`)
      return value
    },
  }
}
