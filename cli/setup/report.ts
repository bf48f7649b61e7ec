import type { CheckResult } from '../../src/app/doctor/checks'
import type { CommandResult } from '../output'
import { leftByHand } from './by-hand'
import type { StepResults } from './run-steps'
import type { SetupAnswers, SetupItem } from './step'

/** What a setup did, found and left. @param checks of `doctor`; undefined when it was not run */
export function setupReport(
  answers: SetupAnswers,
  { items, failed }: StepResults,
  { checks, dryRun }: { checks: readonly CheckResult[] | undefined; dryRun: boolean },
): CommandResult {
  const changed = named(items, 'changed')
  const unchanged = named(items, 'unchanged')
  const manual = [
    ...items.flatMap((item) => (item.kind === 'manual' ? [item] : [])),
    ...leftByHand(answers, checks),
  ]
  return {
    data: {
      changed,
      unchanged,
      manual: manual.map(({ kind: _, ...item }) => item),
      ...(failed.length === 0 ? {} : { failed }),
    },
    failed: failed.length > 0,
    lines: [
      ...changedLines(changed, dryRun),
      ...unchanged.map((what) => `as it was      ${what}`),
      ...failed.flatMap(({ step, code, message }) => [
        `failed         ${step}: ${code}: ${message}`,
        `               -> Mend it, and run npx bridge setup --env ${answers.env} again: it goes on from there.`,
      ]),
      ...(checks === undefined ? [] : doctorLines(checks, answers.env)),
      ...(manual.length === 0 ? [] : ['', 'Left to you:']),
      ...manual.flatMap(({ what, where, file }) => [
        `- ${what}`,
        `    where: ${where}`,
        ...(file === undefined ? [] : [`    file:  ${file}`]),
      ]),
    ],
  }
}

/** One line for each change. */
export const changedLines = (changed: readonly string[], dryRun: boolean): string[] =>
  changed.map((what) => `${dryRun ? 'would change  ' : 'changed       '} ${what}`)

/** The names of the items of one kind. */
export const named = (items: readonly SetupItem[], kind: 'changed' | 'unchanged'): string[] => [
  ...new Set(items.flatMap((item) => (item.kind === kind ? [item.what] : []))),
]

function doctorLines(checks: readonly CheckResult[], env: string): string[] {
  const count = (status: CheckResult['status']): number =>
    checks.filter((check) => check.status === status).length
  // What failed is left to somebody, and stands there.
  const findings = checks.filter(({ status }) => status === 'warning')
  return [
    '',
    `doctor: ${count('ok')} ok, ${count('failed')} failed, ${count('warning')} warnings, ${count('skipped')} skipped; npx bridge doctor --env ${env} tells more`,
    ...findings.map(
      ({ name, status, code = '', message }) => `${status.padEnd(7)}  ${name}  ${code}: ${message}`,
    ),
  ]
}
