import type { AssetLibrary } from '../../aem/library'
import type { BridgeError } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import type { CursorKeeper } from '../../journal/cursor'
import { createCircuitBreaker } from '../circuit-breaker'
import type { FlowContext, Flows } from '../event-flow'
import { thrownBy } from '../thrown-by'
import type { Work } from '../work'
import { noCounts } from './counts'
import { type DestinationSweep, sweepDestination } from './sweep-destination'
import { sweepAll, sweepRecent } from './sweep-library'
import { workOff, worksAtOnce } from './work-off'

export type SweepParts = {
  origins: readonly string[]
  library: AssetLibrary
  /** Of enrichment and of export. */
  flows: Flows
  destinations: DestinationSweep['parts'] & { active(): readonly string[] }
  isEnriching(origin: string): boolean
  /** @param what it is the cursor of */
  cursorOf(what: string): CursorKeeper
  /** From one look at the whole library to the next, in milliseconds; undefined: never. */
  fullEveryMs: number | undefined
  /** How many more units of work may be parked. */
  mayPark: number
}

/** What a sweep did, and how it ended. */
export type SweepResult = { details: JsonObject; error?: BridgeError | undefined }

/** Of the whole library, and of each destination's files, a run looks at so many: authors and other work keep room. */
const sliceOfAll = 2_000
const sliceOfFiles = 2_000

/**
 * Looks for what no event told: first what AEM says was changed or published since the last run, then a slice of the
 * files that the destinations list, then, where it is asked for, a slice of the whole library. Each has a cursor of its
 * own, and one that fails does not keep the others from their turn.
 * @param endsAt after this moment no further page is begun, in milliseconds since the epoch
 * @throws the signal's reason, and nothing else
 */
export async function sweepForLost(
  parts: SweepParts,
  endsAt: number,
  context: FlowContext,
): Promise<SweepResult> {
  const { origins, library, destinations, isEnriching, fullEveryMs } = parts
  const counts = noCounts()
  const { clock } = context
  const breaker = createCircuitBreaker({ atOnce: worksAtOnce })
  const lags: number[] = []
  let error: BridgeError | undefined
  const slices: Record<string, string> = {}
  let isFullUnderWay = false
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    const failure = await thrownBy(work, context)
    error ??= failure
  }
  const take =
    (kind: 'assets' | 'files') =>
    async (page: readonly Work[], size: number): Promise<void> => {
      counts[kind] += size
      const mayPark = () => counts.parked < parts.mayPark
      await workOff(page, { flows: parts.flows, counts, breaker, mayPark }, context)
    }
  const ofAuthor = (origin: string) => ({
    origin,
    library,
    isEnriching: isEnriching(origin),
    endsAt,
    take: take('assets'),
  })

  for (const origin of origins) {
    await attempt(async () => {
      const cursor = parts.cursorOf(`sweep ${origin}`)
      const at = await sweepRecent({ ...ofAuthor(origin), cursor }, context)
      lags.push(at === undefined ? 0 : Math.max(0, clock.now() - at))
    })
  }
  for (const name of destinations.active()) {
    await attempt(async () => {
      if (destinations.destination(name).list === undefined) return
      const cursor = parts.cursorOf(`sweep destination ${name}`)
      const sweep = {
        name,
        parts: destinations,
        cursor,
        isEnriching,
        breaker,
        maxFiles: sliceOfFiles,
        endsAt,
      }
      const after = await sweepDestination({ ...sweep, take: take('files') }, context)
      if (after !== undefined) slices[name] = after
    })
  }
  if (fullEveryMs !== undefined) {
    for (const origin of origins) {
      await attempt(async () => {
        const cursor = parts.cursorOf(`sweep all ${origin}`)
        const all = { ...ofAuthor(origin), cursor, maxAssets: sliceOfAll }
        isFullUnderWay ||= (await sweepAll(all, fullEveryMs, context)).isUnderWay
      })
    }
  }
  const details = {
    ...counts,
    ...(lags.length === 0 ? {} : { lag: Math.round(Math.max(...lags) / 1000) }),
    ...(Object.keys(slices).length === 0 ? {} : { slices }),
    ...(isFullUnderWay ? { full: true } : {}),
  }
  return { details, error }
}
