import { checksOf, type Figures, type Scenario, simulate } from '../capacity/simulate'
import type { Figure, Row } from '../harness/row'

const usual = {
  pageSize: 100,
  rate: 20,
  workers: 0,
  written: 0,
  failing: 0,
  aemSeconds: 0.3,
  aemAtOnce: 40,
  pimSeconds: 0.5,
  budgetSeconds: 45,
}

const scenariosOf = (assets: number): readonly Scenario[] => [
  { ...usual, assets, name: 'in step, by the command line' },
  { ...usual, assets, name: 'all written, by the command line', written: 1 },
  { ...usual, assets, name: 'all written, --rate 100', written: 1, rate: 100 },
  { ...usual, assets, name: 'all written, 4 workers, --rate 100', written: 1, rate: 100, workers: 4 },
  { ...usual, assets, name: 'all written, 20 workers, --rate 400', written: 1, rate: 400, workers: 20 },
  { ...usual, assets, name: 'in step, one of 1,000 fails for now', failing: 0.001 },
  { ...usual, assets, name: 'in step, one of 250 fails for now', failing: 0.004 },
]

const columns: readonly (readonly [name: string, unit: string, read: (figures: Figures) => number])[] = [
  ['time', 'hours', ({ hours }) => hours],
  ['requests to AEM', '', ({ aemRequests }) => aemRequests],
  ['calls to the PIM', '', ({ pimCalls }) => pimCalls],
  ['activations', '', ({ activations }) => activations],
]

/** What a backfill of a million assets takes, by a simulation of the limits of I/O Runtime, State and the PIM. */
export const capacity: Row = {
  name: 'capacity',
  question: 'What does a backfill of a million assets take? (simulated)',
  options: { assets: { what: 'how many' } },
  run: async ({ number }) => {
    const assets = number('assets') ?? 1_000_000
    if (!Number.isInteger(assets) || assets < 1)
      throw new Error(`--assets=${assets} is no whole number above 0`)
    const rows = scenariosOf(assets).map((scenario) => {
      const figures = simulate(scenario)
      return { scenario, figures, checks: checksOf(scenario, figures) }
    })
    const over = rows.flatMap(({ scenario, checks }) =>
      checks.filter(({ value, limit }) => value > limit).map(({ figure }) => `${figure}: ${scenario.name}`),
    )
    if (over.length > 0) throw new Error(`${over.length} figures are above a limit: ${over.join('; ')}`)
    const [first] = rows
    return {
      figures: [
        ...rows.flatMap(({ scenario, figures }) =>
          columns.map(
            ([name, unit, read]): Figure => ({
              name: `${scenario.name}: ${name}`,
              unit,
              better: 'less',
              ours: [read(figures)],
            }),
          ),
        ),
        ...(first?.checks ?? []).map(
          ({ figure, limit }, index): Figure => ({
            name: `the most of any of them: ${figure}`,
            unit: '',
            better: 'less',
            ours: [Math.max(...rows.map(({ checks }) => checks[index]?.value ?? 0))],
            aim: { atMost: limit },
          }),
        ),
      ],
      notes: [
        `${assets.toLocaleString('en')} assets. Nobody is asked: the limits are those of bench/capacity/limits.ts.`,
      ],
    }
  },
}
