import { checksOf, type Scenario, simulate } from '../../bench/capacity/simulate'

const scenario: Scenario = {
  name: 'test',
  assets: 10_000,
  pageSize: 100,
  rate: 20,
  workers: 0,
  written: 0.5,
  failing: 0,
  aemSeconds: 0.01,
  aemAtOnce: 10,
  pimSeconds: 0.5,
  budgetSeconds: 45,
}

test('a backfill is as long as its requests to AEM take at their rate', () => {
  const { hours, aemRequests } = simulate(scenario)
  expect(aemRequests).toBe(10_000 + 5_000 + 200)
  expect(hours * 3600).toBeGreaterThanOrEqual(aemRequests / 20)
  expect(hours * 3600).toBeLessThan((aemRequests / 20) * 1.2)
})

test('more workers make it shorter as far as the rate allows', () => {
  const slow = { ...scenario, aemSeconds: 1, rate: 1000 }
  const one = simulate({ ...slow, workers: 1 }).hours
  expect(simulate({ ...slow, workers: 4 }).hours).toBeLessThan(one / 2)
  const paced = { ...slow, rate: 5 }
  expect(simulate({ ...paced, workers: 20 }).hours * 3600).toBeGreaterThanOrEqual(15_200 / 5)
})

test('a larger library takes no more keys, and no more calls to the PIM at once', () => {
  const many = { ...scenario, assets: 200_000, workers: 20, rate: 1000, pimSeconds: 30 }
  const figures = simulate(many)
  expect(figures.stateKeys).toBe(simulate(scenario).stateKeys)
  expect(figures.pimAtOnce).toBe(4)
})

test('what is above a limit is told', () => {
  const over = (changed: Partial<Scenario>) => {
    const all = { ...scenario, ...changed }
    return checksOf(all, simulate(all)).flatMap(({ figure, value, limit }) => (value > limit ? [figure] : []))
  }
  expect(over({})).toEqual([])
  expect(over({ budgetSeconds: 70, workers: 101 })).toEqual([
    'activations at once',
    'seconds of an activation',
  ])
  expect(over({ pageSize: 10 })).toEqual(['calls to the PIM'])
})
