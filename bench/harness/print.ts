import type { Result } from './result-file'
import { type FigureSummary, shown, shownSpread, summaryOf } from './summary'

const head = ['figure', 'ours', 'rival', 'times better', 'aim']

/** The columns of a figure as texts: name with unit, ours, rival, ratio, aim. */
export const cells = ({ name, unit, ours, rival, ratio, aim }: FigureSummary): string[] => [
  unit === '' ? name : `${name} (${unit})`,
  shownSpread(ours),
  rival === undefined ? '' : shownSpread(rival),
  ratio === undefined ? '' : `${shown(ratio.median)} (${shown(ratio.min)} to ${shown(ratio.max)})`,
  aim === undefined ? '' : `${aim.text}: ${aim.met ? 'met' : 'NOT MET'}`,
]

/** Prints a result as a table. Columns that nothing stands in are left out. */
export function printResult({ row, question, rival, figures, notes }: Result): void {
  const rows = figures.map((figure) => cells(summaryOf(figure)))
  const used = head.map((_, column) => rows.some((one) => one[column] !== ''))
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((one) => one[column]?.length ?? 0)),
  )
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0),
      )
      .filter((_, column) => used[column])
      .join('  ')
  console.log(`\n${row}: ${question}`)
  if (rival !== undefined) console.log(`  rival: ${rival}`)
  for (const texts of [head, ...rows]) console.log(`  ${line(texts)}`)
  for (const note of notes) console.log(`  ${note}`)
}
