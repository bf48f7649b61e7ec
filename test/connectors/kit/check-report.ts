import type { CheckReport, Finding } from '../../../src/plugin/check'

/** A report is plain data, which a command can print as JSON. */
export function expectPlain(report: CheckReport): void {
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  expect(report).not.toEqual([])
  for (const { what } of report) expect(what).toMatch(/^[A-Z].*\.$/)
}

/** The first failure of a report: it has a code, says what to do, and tells no secret. */
export function expectFailed(report: CheckReport, secrets: readonly string[] = []): Finding {
  expectPlain(report)
  const failed = report.find(({ ok }) => !ok)
  if (failed === undefined) throw new Error(`nothing failed: ${JSON.stringify(report)}`)
  expect(failed.code).toMatch(/^[A-Z0-9]+(_[A-Z0-9]+)+$/)
  expect(failed.message).toMatch(/\b(check|set|let|give|grant|allow|make|tick)\b/)
  for (const secret of secrets) {
    expect(JSON.stringify(report)).not.toContain(secret)
    expect(JSON.stringify(report)).not.toContain(encodeURIComponent(secret))
  }
  return failed
}
