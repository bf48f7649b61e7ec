import type { FactCounts } from '../enrich/explained-fact'
import type { FileOutcome, Outcome } from '../outcome'
import type { Worked } from './task'

/** How many assets came out how. `checked` is the sum of the others. */
export type Tally = {
  checked: number
  /** With a dry run, those that would be. */
  written: number
  unchanged: number
  failed: number
  /** By kind of reason. */
  skipped: Readonly<Record<string, number>>
  /** With a dry run: the facts that the PIM does not have. Absent where nothing is ever told. */
  pim?: FactCounts | undefined
}

export const emptyTally: Tally = { checked: 0, written: 0, unchanged: 0, failed: 0, skipped: {} }

/** What became of an asset as a whole. */
export type Verdict = 'written' | 'unchanged' | 'failed' | 'skipped'

/** A failure outweighs what was written, and that what was as it should be. */
export function verdictOf({ outcomes }: Worked): Verdict {
  const verdicts = new Set(outcomes.map(verdictOfOne))
  return (['failed', 'written', 'unchanged'] as const).find((verdict) => verdicts.has(verdict)) ?? 'skipped'
}

function verdictOfOne(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'updated':
      return 'written'
    case 'unchanged':
      return 'unchanged'
    case 'exported': {
      if (outcome.destinations.some(({ kind }) => kind === 'retry')) return 'failed'
      const files = outcome.destinations.flatMap((one): readonly FileOutcome[] =>
        one.kind === 'done' ? one.files : [],
      )
      return files.some(({ outcome: change }) => change !== 'unchanged') ? 'written' : 'unchanged'
    }
    case 'retry':
    case 'dead-letter':
      return 'failed'
    default:
      return 'skipped'
  }
}

/** The counts with one asset more. */
export function counted(before: Tally, worked: Worked): Tally {
  const verdict = verdictOf(worked)
  // What failed is done once more, and counts then.
  const pim = verdict === 'failed' ? before.pim : sumOfFacts(before.pim, worked.pim)
  const tally = pim === undefined ? before : { ...before, pim }
  const checked = tally.checked + 1
  if (verdict !== 'skipped') return { ...tally, checked, [verdict]: tally[verdict] + 1 }
  const { skipped = 'other' } = worked
  return { ...tally, checked, skipped: { ...tally.skipped, [skipped]: (tally.skipped[skipped] ?? 0) + 1 } }
}

const sumOfFacts = (one: FactCounts | undefined, other: FactCounts | undefined): FactCounts | undefined =>
  one && other ? { tell: one.tell + other.tell, keep: one.keep + other.keep } : (one ?? other)

/** The counts without assets that failed, since they are done once more. */
export const withoutFailed = (tally: Tally, count: number): Tally => ({
  ...tally,
  checked: tally.checked - count,
  failed: tally.failed - count,
})

/** The counts of two runs, of different authors, together. */
export function sum(one: Tally, other: Tally): Tally {
  const pim = sumOfFacts(one.pim, other.pim)
  const reasons = [...new Set([...Object.keys(one.skipped), ...Object.keys(other.skipped)])]
  return {
    checked: one.checked + other.checked,
    written: one.written + other.written,
    unchanged: one.unchanged + other.unchanged,
    failed: one.failed + other.failed,
    ...(pim === undefined ? {} : { pim }),
    skipped: Object.fromEntries(
      reasons.map((reason) => [reason, (one.skipped[reason] ?? 0) + (other.skipped[reason] ?? 0)]),
    ),
  }
}
