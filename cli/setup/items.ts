import type { CheckResult } from '../../src/app/doctor/checks'
import type { Manual, SetupItem } from './step'

/** What steps did, found and left. */
export type SortedItems = {
  changed: readonly string[]
  unchanged: readonly string[]
  manual: readonly Manual[]
}

/** Each name once: a step may add to what one before it has looked at. */
export function sorted(items: readonly SetupItem[]): SortedItems {
  const named = (kind: 'changed' | 'unchanged'): string[] => [
    ...new Set(items.flatMap((item) => (item.kind === kind ? [item.what] : []))),
  ]
  const changed = named('changed')
  return {
    changed,
    unchanged: named('unchanged').filter((what) => !changed.includes(what)),
    manual: items.flatMap((item) => (item.kind === 'manual' ? [item] : [])),
  }
}

/** For a program. */
export const itemsData = ({ changed, unchanged, manual }: SortedItems) => ({
  changed,
  unchanged,
  manual: manual.map(({ kind: _, awaitsDeployment: __, ...item }) => item),
})

/** For a person: one line for each change. */
export const changedLines = ({ changed }: Pick<SortedItems, 'changed'>, dryRun: boolean): string[] =>
  changed.map((what) => `${dryRun ? 'would change  ' : 'changed       '} ${what}`)

/** One line for each change, and for what was as it should be. */
export const doneLines = (items: SortedItems, dryRun: boolean): string[] => [
  ...changedLines(items, dryRun),
  ...items.unchanged.map((what) => `as it was      ${what}`),
]

/** What is left to a person, behind an empty line; nothing where there is nothing. */
export const leftLines = ({ manual }: Pick<SortedItems, 'manual'>): string[] =>
  manual.length === 0
    ? []
    : [
        '',
        'Left to you:',
        ...manual.flatMap(({ what, where, file }) => [
          `- ${what}`,
          `    where: ${where}`,
          ...(file === undefined ? [] : [`    file:  ${file}`]),
        ]),
      ]

/** What `doctor` found, behind an empty line. @param isShown tells which findings have lines of their own */
export function doctorLines(
  checks: readonly CheckResult[],
  env: string,
  isShown: (check: CheckResult) => boolean,
): string[] {
  const count = (status: CheckResult['status']): number =>
    checks.filter((check) => check.status === status).length
  return [
    '',
    `doctor: ${count('ok')} ok, ${count('failed')} failed, ${count('warning')} warnings, ${count('skipped')} skipped; npx bridge doctor --env ${env} tells more`,
    ...checks
      .filter(isShown)
      .flatMap(({ name, status, code = '', message, remedy }) => [
        `${status.padEnd(7)}  ${name}  ${code}: ${message}`,
        ...(remedy === undefined ? [] : [`         -> ${remedy}`]),
      ]),
  ]
}
