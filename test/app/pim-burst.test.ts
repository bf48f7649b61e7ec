import { burst } from '../../bench/pim/burst'
import { builtActions } from '../../sandbox/deployment'
import { sampleRoot } from '../../scripts/command'

const seed = 20_002
const actions = builtActions(sampleRoot)

describe(`a small burst of product events, out of order and partly twice (seed ${seed}; more of it: pim-burst.soak.ts)`, () => {
  test('leaves every linked asset with what the PIM says, and Akeneo with nothing to complain of', async () => {
    const report = await burst({ actions, seed, events: 60 })

    expect(report.problems).toEqual([])
    expect(report.successRate).toBe(1)
    expect(report.akeneo.refused).toBe(0)
    expect(report.akeneo.calls).toBeLessThan(30)
    expect(report.state).toBe(0)
  })

  test('is brought in step by reconcile when pim-sync is killed meanwhile', async () => {
    const report = await burst({ actions, seed, events: 60, kills: 1 })

    expect(report.problems).toEqual([])
    expect(report.kills).toBeGreaterThan(0)
    expect(report.mended).toBeGreaterThan(0)
  })
})
