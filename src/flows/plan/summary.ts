import type { BridgeError } from '../../core/errors'
import type { JsonValue } from '../../core/json'

/** Numbers of assets; an asset of which some properties were refused and others written counts in both. */
export type Counts = { checked: number; written: number; unchanged: number; refused: number; failed: number }

/** What was not done, or failed. Of an asset as a whole, without a property. */
export type Trouble = {
  path: string
  property?: string
  expected?: JsonValue
  held?: JsonValue
  code?: string
  reason: string
}

/** What became of a plan that was applied, or of a report that was undone. */
export type Summary = Counts & {
  seconds: number
  /** All of it was looked at: no outage stopped it. */
  done: boolean
  /** The first of them. */
  refusals: readonly Trouble[]
  failures: readonly Trouble[]
  stoppedBy: BridgeError | undefined
}

const most = 20

/** Counts what becomes of assets, and keeps the first troubles. */
export function createTally() {
  const counts: Counts = { checked: 0, written: 0, unchanged: 0, refused: 0, failed: 0 }
  const refusals: Trouble[] = []
  const failures: Trouble[] = []
  return {
    counts,
    refusals,
    failures,
    refuse: (trouble: Trouble) => void (refusals.length < most && refusals.push(trouble)),
    fail: (path: string, { code, message }: BridgeError) =>
      void (failures.length < most && failures.push({ path, code, reason: message })),
  }
}

export type Tally = ReturnType<typeof createTally>

/** What was counted, once it has ended. */
export const summaryOf = (
  { counts, refusals, failures }: Tally,
  { seconds, stoppedBy }: Pick<Summary, 'seconds' | 'stoppedBy'>,
): Summary => ({
  ...counts,
  seconds: Math.round(seconds * 10) / 10,
  done: stoppedBy === undefined,
  refusals,
  failures,
  stoppedBy,
})
