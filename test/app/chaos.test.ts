import { chaos } from '../../bench/chaos/chaos'
import { declaredActions } from '../../scripts/app-build'

const seed = 20_001

test(`a small backlog arrives as a whole, once, through faults and kills (seed ${seed}; more of it: chaos.soak.ts)`, async () => {
  const bundle = (await declaredActions()).find(({ name }) => name === 'export-batch')?.bundle ?? ''

  const report = await chaos({
    bundle,
    seed,
    events: 16,
    kills: 1,
    faults: 0.12,
    attempts: 3,
    outageStepHours: 24,
  })

  expect(report.problems).toEqual([])
  expect(report.outageRuns).toBeGreaterThanOrEqual(1)
  expect(report.kills).toBeGreaterThanOrEqual(1)
  expect(report.faultShare).toBeGreaterThan(0.1)
})
