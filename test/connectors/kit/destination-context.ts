import { createRedactor, type Redactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import { accessTo } from '../../../src/inputs/values'
import type { DestinationContext } from '../../../src/plugin/destination'

/** What the app hands to a destination, with these inputs set. */
export function contextOf(
  inputs: Readonly<Record<string, string | undefined>>,
  redactor: Redactor = createRedactor(),
  name = 'there',
): DestinationContext {
  const set = Object.entries(inputs).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))
  return {
    ...accessTo(Object.fromEntries(set), redactor),
    name,
    linkProperty: 'wknd-skuid',
    http: createHttpClient(),
  }
}
