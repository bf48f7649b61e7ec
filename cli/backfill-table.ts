import { type FileHandle, open } from 'node:fs/promises'
import type { AssetRef } from '../src/core/asset'
import type { Change, Worked } from '../src/flows/backfill/task'
import type { ReportLine } from '../src/flows/plan/report-file'
import { CommandError } from './output'

/** The report of a backfill: a line an asset that changed or failed. */
export type BackfillReport = {
  /** `started`: undo takes such a write back, too, for a kill may have come between the two lines. */
  onChange(ref: AssetRef, changes: readonly Change[]): Promise<void>
  onWorked(worked: Worked): Promise<void>
  close(): Promise<void>
}

const columns = ['path', 'id', 'outcome', 'property', 'old', 'new', 'rule', 'destination', 'key', 'reason']

/**
 * Opens a report as CSV (RFC 4180): a row for each property that changed, each file that was stored, each failure, and
 * in a dry run each fact for the PIM: the product is the key, and the attribute the property. Undo does not read it.
 * @throws {CommandError} what is there is another table, or none
 */
export async function openTable(
  path: string,
  linesOf: (worked: Worked) => readonly ReportLine[],
): Promise<BackfillReport> {
  const file = await open(path, 'a+')
  const write = (rows: readonly (readonly unknown[])[]): Promise<void> =>
    file.appendFile(rows.map((row) => `${row.map(cell).join(',')}\r\n`).join(''))
  if ((await file.stat()).size === 0) await write([columns])
  else if (!(await beginsWith(file, `${columns.join(',')}\r\n`))) {
    await file.close()
    throw new CommandError(`${path} is no report of a backfill: name another file with --report`)
  }
  return {
    onChange: async () => undefined,
    onWorked: async (worked) => write(linesOf(worked).flatMap(rowsOf)),
    close: () => file.close(),
  }
}

async function beginsWith(file: FileHandle, text: string): Promise<boolean> {
  const { length } = Buffer.from(text)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.toString('utf8', 0, bytesRead) === text
}

function rowsOf({
  asset,
  outcome,
  changes = [],
  export: stored,
  facts,
  reason,
}: ReportLine): readonly (readonly unknown[])[] {
  const about = [asset.path, asset.id, outcome]
  if (stored !== undefined) return [[...about, '', '', '', '', stored.destination, stored.key, stored.reason]]
  if (facts !== undefined)
    return facts.map(({ product, attribute, from, old, new: next, why }) => [
      ...[...about, attribute, old, next, from],
      ...['PIM', product, why],
    ])
  if (reason !== undefined) return [[...about, '', '', '', '', '', '', reason]]
  return changes.map((change) => [...about, change.property, change.old, change.new, change.rule, '', '', ''])
}

/**
 * What a program for tables takes for the begin of a formula: after blanks, and in its wide form, too. Source: OWASP,
 * CSV Injection.
 */
const formula = /^([\t\r\n]|\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/

/** A program for tables must not take a value of a PIM for a formula. */
function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value)
  const safe = formula.test(text) && typeof value === 'string' ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
