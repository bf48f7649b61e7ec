import { createRedactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import type { PimContext } from '../../../src/plugin/pim'
import { createTestClock } from '../../support/test-clock'

/** What a communicator is built from: the real HTTP client, whose waits take no time, and these inputs. */
export function pimContext(inputs: Readonly<Record<string, string>> = {}): PimContext {
  const clock = createTestClock()
  return {
    http: createHttpClient({ clock, random: () => 0 }),
    clock,
    redactor: createRedactor(),
    input: (name) => inputs[name],
    requireInput(name, hint) {
      const value = inputs[name]
      if (value === undefined) throw new Error(`${name} is not set: ${hint}`)
      return value
    },
  }
}
