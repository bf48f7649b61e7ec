import { type Conformance, createBench } from './conformance-bench'
import { checkChecks } from './conformance-check'
import { contentChecks } from './conformance-content'
import { failureChecks } from './conformance-failures'
import { nameChecks } from './conformance-names'
import { overwritingChecks } from './conformance-overwriting'

export type { Conformance, StartedDestination } from './conformance-bench'

/** Runs every check that a destination's `can` calls for. */
export function describeDestination(conformance: Conformance): void {
  describe(`destination ${conformance.name}`, () => {
    const bench = createBench(conformance)

    it('has the methods that it declares', () => {
      expect(bench.destination.head !== undefined).toBe(bench.destination.can.head)
      expect(bench.destination.remove !== undefined).toBe(bench.destination.can.remove)
    })

    contentChecks(bench)
    overwritingChecks(bench)
    failureChecks(bench)
    nameChecks(bench)
    checkChecks(bench)
  })
}
