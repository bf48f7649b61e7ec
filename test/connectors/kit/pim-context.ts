import { createRedactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import { accessTo } from '../../../src/inputs/values'
import type { PimContext } from '../../../src/plugin/pim'
import { createTestClock } from '../../support/test-clock'

/** What a communicator is built from: the real HTTP client, whose waits take no time, and these inputs. */
export function pimContext(inputs: Readonly<Record<string, string>> = {}): PimContext {
  const clock = createTestClock()
  return {
    ...accessTo(inputs, createRedactor()),
    name: 'pim',
    http: createHttpClient({ clock, random: () => 0 }),
    clock,
  }
}
