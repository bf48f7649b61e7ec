import type { Clock } from '../../../src/core/clock'
import { createRedactor, type Redactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import { accessTo } from '../../../src/inputs/values'
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
  /** The key in config/destinations.ts. @default 'there' */
  name?: string
  /** What AEM says of other assets. @default it is not asked */
  dueAsset?: NonNullable<DestinationContext['dueAsset']>
}

/** What the app hands to a destination, with these inputs set. */
export function contextOf(
  inputs: Readonly<Record<string, string | undefined>>,
  parts: ContextParts = {},
): DestinationContext {
  const {
    redactor = createRedactor(),
    clock = createInstantClock(),
    random = () => 0.5,
    name = 'there',
    dueAsset,
  } = parts
  const set = Object.entries(inputs).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))
  return {
    ...accessTo(Object.fromEntries(set), redactor),
    name,
    linkProperty: 'wknd-skuid',
    http: createHttpClient({ clock, random }),
    clock,
    random,
    ...(dueAsset && { dueAsset }),
  }
}
