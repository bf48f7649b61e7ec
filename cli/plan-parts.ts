import { shown } from '../src/core/shown'
import type { FlowContext } from '../src/flows/event-flow'
import type { Summary, Trouble } from '../src/flows/plan/summary'
import type { Environment } from './environment'

/** For work on a whole library, which may take longer than any other: an interrupted one is started again. */
export function longContext(environment: Environment, action: string): FlowContext {
  const { logger } = environment.call()
  const call = { logger, signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY }
  return { ...environment, call, action }
}

/** Of the facts for the PIM that a plan lists. */
export const whoTells =
  'apply leaves the PIM alone: the next event of an asset tells it, or npx bridge backfill enrich'

/** The first troubles, one a line, and how many there are besides. */
export function troubleLines(word: string, troubles: readonly Trouble[], count: number): readonly string[] {
  const lines = troubles.map(({ path, property, expected, held, code, reason }) => {
    const what = [path, ...(property === undefined ? [] : [property])].join('  ')
    const values =
      held === undefined ? '' : `: expected ${shown(expected ?? null)}, AEM holds ${shown(held ?? null)}`
    return `${word}  ${what}  ${code === undefined ? '' : `${code}: `}${reason}${values}`
  })
  const rest = count - new Set(troubles.map(({ path }) => path)).size
  return rest > 0 ? [...lines, `${word}  and ${rest} more assets`] : lines
}

/** What became of a plan or a report, as a program reads it. */
export function summaryData({ stoppedBy, ...summary }: Summary) {
  return {
    ...summary,
    ...(stoppedBy === undefined ? {} : { stoppedBy: { code: stoppedBy.code, message: stoppedBy.message } }),
  }
}

/** The same for a person. */
export function summaryLines(
  { checked, written, unchanged, refused, failed, refusals, failures, stoppedBy }: Summary,
  words: { written: string; unchanged: string },
): readonly string[] {
  return [
    ...troubleLines('refused', refusals, refused),
    ...troubleLines('failed', failures, failed),
    `${checked} checked: ${written} ${words.written}, ${unchanged} ${words.unchanged}, ${refused} refused, ${failed} failed`,
    ...(stoppedBy === undefined
      ? []
      : [`stopped by ${stoppedBy.code}: ${stoppedBy.message}. The same command goes on`]),
  ]
}
