import { type Conformance, createBench } from './conformance-bench'
import { checkChecks } from './conformance-check'
import { contentChecks } from './conformance-content'
import { failureChecks } from './conformance-failures'
import { listChecks } from './conformance-list'
import { nameChecks } from './conformance-names'
import { overwritingChecks } from './conformance-overwriting'

export type { Conformance, StartedDestination } from './conformance-bench'

/** Runs every check that a destination's capabilities call for. */
export function describeDestination(conformance: Conformance): void {
  describe(`destination ${conformance.name}`, () => {
    const bench = createBench(conformance)

    it('has the methods that its capabilities name', () => {
      expect(bench.destination.head !== undefined).toBe(bench.can('head'))
      expect(bench.destination.remove !== undefined).toBe(bench.can('remove'))
      expect(bench.destination.list !== undefined).toBe(bench.can('list'))
    })

    contentChecks(bench)
    overwritingChecks(bench)
    failureChecks(bench)
    nameChecks(bench)
    listChecks(bench)
    checkChecks(bench)
  })
}
