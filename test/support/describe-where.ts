/**
 * Tests of what a machine may lack. They run where it is there; else they are shown as skipped, with what is missing.
 * @param missing undefined where nothing is
 */
export function describeWhere(name: string, missing: string | undefined, tests: () => void): void {
  if (missing === undefined) describe(name, tests)
  else it.skip(`${name}: ${missing}`, () => undefined)
}
