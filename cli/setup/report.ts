import type { CheckResult } from '../../src/app/doctor/checks'
import type { CommandResult } from '../output'
import { leftByHand } from './by-hand'
import { doctorLines, doneLines, itemsData, leftLines, sorted } from './items'
import type { StepResults } from './run-steps'
import type { SetupAnswers } from './step'

/** What a setup did, found and left. @param checks of `doctor`; undefined when it was not run */
export function setupReport(
  answers: SetupAnswers,
  { items, failed }: StepResults,
  { checks, dryRun }: { checks: readonly CheckResult[] | undefined; dryRun: boolean },
): CommandResult {
  const found = sorted(items)
  const all = { ...found, manual: leftByHand(answers, found.manual, checks) }
  return {
    data: { ...itemsData(all), ...(failed.length === 0 ? {} : { failed }) },
    failed: failed.length > 0,
    lines: [
      ...doneLines(all, dryRun),
      ...failed.flatMap(({ step, code, message }) => [
        `failed         ${step}: ${code}: ${message}`,
        `               -> Mend it, and run npx bridge setup --env ${answers.env} again: it goes on from there.`,
      ]),
      // What failed is left to somebody, and stands there.
      ...(checks === undefined ? [] : doctorLines(checks, answers.env, ({ status }) => status === 'warning')),
      ...leftLines(all),
    ],
  }
}
