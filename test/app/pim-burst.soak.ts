import { burst } from '../../bench/pim/burst'
import { builtActions } from '../../sandbox/deployment'
import { sampleRoot } from '../../scripts/command'

const seed = 20_002
const actions = builtActions(sampleRoot)

describe(`a burst of product events, out of order and partly twice (seed ${seed}; the full size: npm run bench -- pim-burst)`, () => {
  test('every linked asset ends with what the PIM says, and Akeneo has nothing to complain of', async () => {
    const report = await burst({ actions, seed, events: 400 })

    expect(report.problems).toEqual([])
    expect(report.successRate).toBe(1)
    expect(report.akeneo.refused).toBe(0)
    expect(report.akeneo.calls).toBeLessThan(200)
    expect(report.state).toBe(0)
  }, 120_000)

  test('when pim-sync is killed again and again meanwhile, reconcile brings the rest in step', async () => {
    const report = await burst({ actions, seed, events: 400, kills: 3 })

    expect(report.problems).toEqual([])
    expect(report.kills).toBeGreaterThan(0)
    expect(report.mended).toBeGreaterThan(0)
  }, 120_000)
})
