import { chaos } from '../../bench/chaos/chaos'
import { declaredActions } from '../../scripts/app-build'

const seed = 20_001

describe('a backlog that is drained while everything fails by chance and the process is killed', () => {
  test(`arrives as a whole, once (seed ${seed}; the full size: npm run bench -- chaos)`, async () => {
    const bundle = (await declaredActions()).find(({ name }) => name === 'export-batch')?.bundle ?? ''

    const report = await chaos({ bundle, seed, events: 100, kills: 8, attempts: 4, outageStepHours: 24 })

    expect(report.problems).toEqual([])
    expect(report.outageRuns).toBeGreaterThanOrEqual(1)
    expect(report.kills).toBeGreaterThanOrEqual(8)
    expect(report.faultShare).toBeGreaterThan(0.15)
  }, 240_000)
})
