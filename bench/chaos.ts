import { declaredActions, ensureBuilt } from '../scripts/app-build'
import { chaos } from './chaos/chaos'
import { writeResult } from './report'

/**
 * Drains a journal with the built export-batch while every system fails by chance, AEM's blob store is down for a day, a
 * firewall refuses a tenth of the names, and the process is killed again and again. `--seed=7`, `--events=10000`, `--kills=50`, `--faults=0.2` choose; `--verbose` tells of each run.
 */
export async function chaosRun(): Promise<void> {
  await ensureBuilt()
  const bundle = (await declaredActions()).find(({ name }) => name === 'export-batch')?.bundle
  if (bundle === undefined) throw new Error('ext.config.yaml declares no action named export-batch')
  const seed = option('seed') ?? Date.now() % 1_000_000
  const events = option('events') ?? 10_000
  const kills = option('kills') ?? 60
  console.log(
    `chaos: seed ${seed}, ${events} events, ${kills} kills; again: npm run bench -- chaos --seed=${seed}`,
  )
  const say = process.argv.includes('--verbose') ? console.log : () => undefined
  const report = await chaos({ bundle, seed, events, kills, faults: option('faults') ?? 0.2, say })
  const { problems, outcomes, ...figures } = report
  for (const [name, figure] of Object.entries(figures)) {
    console.log(`  ${name.padEnd(14)} ${figure.toLocaleString('en', { maximumFractionDigits: 2 })}`)
  }
  for (const [outcome, count] of Object.entries(outcomes)) console.log(`  ended ${outcome}: ${count}`)
  for (const problem of problems.slice(0, 50)) console.log(`  NOT AS IT HAS TO BE: ${problem}`)
  await writeResult('chaos', report)
  if (problems.length > 0) throw new Error(`${problems.length} things are not as they have to be`)
  console.log('Everything due arrived; nothing else is anywhere.')
}

function option(name: string): number | undefined {
  const text = process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
  if (text === undefined) return undefined
  const value = Number(text)
  if (text === '' || !(value >= 0)) throw new Error(`--${name}=${text} is no number`)
  return value
}
