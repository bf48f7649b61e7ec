import { checksOf, type Figures, type Scenario, simulate } from './capacity/simulate'
import { writeResult } from './report'

const usual = {
  pageSize: 100,
  rate: 20,
  workers: 0,
  written: 0,
  failing: 0,
  aemSeconds: 0.3,
  aemAtOnce: 10,
  pimSeconds: 0.5,
  budgetSeconds: 45,
}

const scenariosOf = (assets: number): readonly Scenario[] => [
  { ...usual, assets, name: 'in step, by the command line' },
  { ...usual, assets, name: 'all written, by the command line', written: 1 },
  { ...usual, assets, name: 'all written, --rate 100', written: 1, rate: 100, aemAtOnce: 50 },
  { ...usual, assets, name: 'all written, 4 workers, --rate 100', written: 1, rate: 100, workers: 4 },
  { ...usual, assets, name: 'all written, 20 workers, --rate 400', written: 1, rate: 400, workers: 20 },
  { ...usual, assets, name: 'in step, one of 1,000 fails for now', failing: 0.001 },
  { ...usual, assets, name: 'in step, one of 250 fails for now', failing: 0.004 },
]

const columns: readonly (readonly [title: string, read: (figures: Figures) => number])[] = [
  ['hours', ({ hours }) => hours],
  ['AEM', ({ aemRequests }) => aemRequests],
  ['PIM', ({ pimCalls }) => pimCalls],
  ['activations', ({ activations }) => activations],
  ['a minute', ({ activationsPerMinute }) => activationsPerMinute],
  ['keys', ({ stateKeys }) => stateKeys],
  ['State KB/min', ({ stateBytesPerMinute }) => stateBytesPerMinute / 1000],
]

/**
 * What a backfill of a million assets takes, by a simulation of the limits of I/O Runtime, State and the PIM. It asks
 * nobody. `--assets=1000000` chooses.
 */
export async function capacity(): Promise<void> {
  const assets = option('assets') ?? 1_000_000
  console.log(`\ncapacity: ${assets.toLocaleString('en')} assets, simulated`)
  console.log(`  ${''.padEnd(38)}${columns.map(([title]) => title.padStart(13)).join('')}`)
  const rows = scenariosOf(assets).map((scenario) => {
    const figures = simulate(scenario)
    const shown = columns.map(([, read]) =>
      read(figures).toLocaleString('en', { maximumFractionDigits: 1 }).padStart(13),
    )
    console.log(`  ${scenario.name.padEnd(38)}${shown.join('')}`)
    return { scenario, figures, checks: checksOf(scenario, figures) }
  })

  console.log(`\n  ${'the most of any of them'.padEnd(38)}${'figure'.padStart(13)}${'limit'.padStart(13)}`)
  const over: string[] = []
  const [first] = rows
  for (const [index, { figure, limit }] of (first?.checks ?? []).entries()) {
    const values = rows.map(({ scenario, checks }) => ({
      name: scenario.name,
      value: checks[index]?.value ?? 0,
    }))
    const most = Math.max(...values.map(({ value }) => value))
    const shown = [most, limit].map((it) => Math.round(it).toLocaleString('en').padStart(13))
    console.log(`  ${figure.padEnd(38)}${shown.join('')}`)
    for (const { name, value } of values) if (value > limit) over.push(`${figure}: ${name}`)
  }
  for (const one of over) console.log(`  ABOVE THE LIMIT: ${one}`)
  await writeResult('capacity', { assets, rows, over })
  if (over.length > 0) throw new Error(`${over.length} figures are above a limit`)
}

function option(name: string): number | undefined {
  const text = process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}=${text} is no whole number above 0`)
  return value
}
