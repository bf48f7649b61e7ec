import type { UpgradePlan } from './plan'
import type { UpgradeReport } from './upgrade'

const mostShown = 20

/** What is told to a person. */
export function upgradeLines(
  { from, to, plan, inputs, steps, commit, before }: UpgradeReport,
  dryRun: boolean,
) {
  const isUpgraded = commit !== undefined || plan === undefined
  const lines = [
    ...(plan === undefined && from === to ? [`${to} is the newest version: nothing to do`] : []),
    ...(plan === undefined ? [] : planLines(plan, dryRun)),
    ...steps.flatMap(({ name, status, output }) => [
      `${status.padEnd(7)}  ${name}`,
      ...(output === undefined ? [] : output.split('\n').map((line) => `         ${line}`)),
    ]),
    ...section(
      'New inputs',
      inputs.map(({ name, meaning }) => `${name}: ${meaning}`),
    ),
    ...(plan?.operator ?? []).flatMap(({ version, text }) =>
      section(`What an operator must do, ${version}`, text.split('\n')),
    ),
  ]
  if (commit !== undefined && before !== undefined) {
    const undo = `git reset --hard ${before.slice(0, 10)} && npm ci`
    lines.push('', `committed as ${commit.slice(0, 10)}; this takes it back: ${undo}`)
  }
  if (!isUpgraded && !dryRun && before !== undefined) {
    lines.push(
      '',
      'nothing was committed: mend what failed and run the command again, or take back what it did with',
      `git reset --hard ${before.slice(0, 10)} && npm ci`,
    )
  }
  return lines
}

function planLines({ from, to, files, packageEntries, imports }: UpgradePlan, dryRun: boolean): string[] {
  const would = dryRun ? 'would be ' : ''
  const { written, removed, kept, undecided, overwritten } = files
  return [
    `from ${from} to ${to}: ${written.length} files ${would}written, ${removed.length} ${would}removed`,
    ...section('Files of the app that you have changed, and that stay yours', shortened(kept)),
    ...section('Changed by you and by the new version: name each with --keep or --replace', undecided),
    ...section(
      'Edited by you, and generated from now on: move what you changed to config/deployment.ts',
      overwritten,
    ),
    ...section(
      'Imports written anew',
      imports.flatMap(({ file, lines }) => lines.map((line) => `${file}: ${line.from} -> ${line.to}`)),
    ),
    ...section('Kept in package.json', packageEntries.kept),
    ...section('Taken from the new version in package.json', packageEntries.replaced),
  ]
}

const section = (title: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : ['', `${title}:`, ...items.map((item) => `  ${item}`)]

const shortened = (items: readonly string[]): readonly string[] =>
  items.length <= mostShown ? items : [...items.slice(0, mostShown), `and ${items.length - mostShown} more`]
