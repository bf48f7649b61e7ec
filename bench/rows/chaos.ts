import { declaredActions, ensureBuilt } from '../../scripts/app-build'
import { type ChaosReport, chaos } from '../chaos/chaos'
import type { Figure, Row } from '../harness/row'

const columns: readonly (readonly [name: string, unit: string, read: (report: ChaosReport) => number])[] = [
  ['events', '', ({ events }) => events],
  ['kills', '', ({ kills }) => kills],
  ['activations until all was done', '', ({ runs }) => runs],
  ['requests', '', ({ requests }) => requests],
  ['requests that failed on purpose', '%', ({ faultShare }) => faultShare * 100],
  ['files written more than once', '', ({ writtenAgain }) => writtenAgain],
  ['most parked at a time', '', ({ mostParked }) => mostParked],
  ['dead letters', '', ({ deadLetters }) => deadLetters],
  ['unfinished files that kills left hidden', '', ({ leftOvers }) => leftOvers],
  ['peak memory', 'MB', ({ peakRssMb }) => peakRssMb],
  ['time', 's', ({ seconds }) => seconds],
]

/**
 * Drains a journal with the built export-batch while every system fails by chance, AEM's blob store is down for a day, a
 * firewall refuses a tenth of the names, and the process is killed again and again.
 */
export const chaosRow: Row = {
  name: 'chaos',
  question: 'Does everything arrive under failures and kills?',
  options: {
    seed: { what: 'repeats a run' },
    events: { what: 'how many' },
    kills: { what: 'how many' },
    faults: { what: 'share of the requests that fail' },
    verbose: { what: 'tells of each run', isSwitch: true },
  },
  run: async ({ isFull, number, has, say }) => {
    await ensureBuilt()
    const bundle = (await declaredActions()).find(({ name }) => name === 'export-batch')?.bundle
    if (bundle === undefined) throw new Error('ext.config.yaml declares no action named export-batch')
    const seed = number('seed') ?? Date.now() % 1_000_000
    const events = number('events') ?? (isFull ? 10_000 : 60)
    const kills = number('kills') ?? (isFull ? 60 : 2)
    say(`chaos: seed ${seed}, ${events} events, ${kills} kills`)
    const small = isFull ? {} : { attempts: 4, outageStepHours: 24 }
    const report = await chaos({
      bundle,
      seed,
      events,
      kills,
      faults: number('faults') ?? 0.2,
      say: has('verbose') ? say : () => undefined,
      ...small,
    })
    const { problems } = report
    for (const problem of problems.slice(0, 50)) say(`  NOT AS IT HAS TO BE: ${problem}`)
    if (problems.length > 0)
      throw new Error(`seed ${seed}: ${problems.length} things are not as they have to be`)
    return {
      figures: columns.map(
        ([name, unit, read]): Figure => ({ name, unit, better: 'less', ours: [read(report)] }),
      ),
      notes: [
        `Seed ${seed}: everything due arrived, and nothing else is anywhere.`,
        'The blob store of AEM is down for a day meanwhile. The clock of the run is faster than time.',
      ],
    }
  },
}
