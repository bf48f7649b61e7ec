import { builtActions } from '../../sandbox/deployment'
import { ensureBuilt } from '../../scripts/app-build'
import { sampleRoot } from '../../scripts/command'
import { burst } from '../pim/burst'
import { writeResult } from '../report'

/**
 * Ten thousand product events in a burst, at the built actions. `--seed=7`, `--events=10000`, `--kills=5` choose; with
 * kills, pim-sync is killed on the way and reconcile mends what that left.
 */
export async function pimBurst(): Promise<void> {
  await ensureBuilt()
  const seed = option('seed') ?? Date.now() % 1_000_000
  const events = option('events') ?? 10_000
  const kills = option('kills') ?? 0
  console.log(
    `pim-burst: seed ${seed}, ${events} events, a fifth of them twice, out of order, ${kills} kills; again: npm run bench -- pim-burst --seed=${seed}`,
  )
  const report = await burst({ actions: builtActions(sampleRoot), seed, events, kills })
  const { sent, akeneo, aem, activations, containers, problems } = report
  const print = (name: string, ...figures: (number | string)[]): void => {
    const shown = figures.map((it) =>
      typeof it === 'number' ? it.toLocaleString('en', { maximumFractionDigits: 2 }) : it,
    )
    console.log(`  ${name.padEnd(26)} ${shown.join(' ')}`)
  }
  print('products, assets', report.products, 'and', report.assets)
  print('requests, 429, failed', sent.requests, ',', sent.putOff, ',', sent.failed)
  print('ms, median, p99, most', sent.ms.median, ',', sent.ms.p99, ',', sent.ms.most)
  print('success rate', `${(report.successRate * 100).toFixed(2)} %`)
  print('activations of pim-events', activations['pim-events'], 'in containers:', containers['pim-events'])
  print('activations of pim-sync', activations['pim-sync'], 'in containers:', containers['pim-sync'])
  print(
    'calls to Akeneo',
    akeneo.calls,
    'of which 429:',
    akeneo.refused,
    ', most at once:',
    akeneo.mostAtOnce,
  )
  print('AEM: searches, reads, writes', aem.searches, ',', aem.reads, ',', aem.writes)
  print('requests to State', report.state)
  print('seconds', report.seconds, ', events a second:', events / report.seconds)
  if (report.kills > 0) print('mended by reconcile', report.mended)
  for (const problem of problems.slice(0, 20)) console.log(`  NOT AS IT HAS TO BE: ${problem}`)
  await writeResult('pim-burst', report)
  if (problems.length > 0) throw new Error(`${problems.length} things are not as they have to be`)
  if (report.successRate <= 0.9) throw new Error('Akeneo would have suspended the subscription')
  console.log('Every linked asset says what the PIM says.')
}

function option(name: string): number | undefined {
  const text = process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
  if (text === undefined) return undefined
  const value = Number(text)
  if (text === '' || !(value >= 0)) throw new Error(`--${name}=${text} is no number`)
  return value
}
