import { declaredActions, ensureBuilt } from '../../scripts/app-build'
import { chaos } from '../chaos/chaos'
import type { Row } from '../harness/row'

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
    const events = number('events') ?? (isFull ? 10_000 : 300)
    const kills = number('kills') ?? (isFull ? 60 : 3)
    say(`chaos: seed ${seed}, ${events} events, ${kills} kills`)
    const { problems, outcomes, ...counts } = await chaos({
      bundle,
      seed,
      events,
      kills,
      faults: number('faults') ?? 0.2,
      say: has('verbose') ? say : () => undefined,
    })
    for (const problem of problems.slice(0, 50)) say(`  NOT AS IT HAS TO BE: ${problem}`)
    if (problems.length > 0)
      throw new Error(`seed ${seed}: ${problems.length} things are not as they have to be`)
    const all = {
      ...counts,
      ...Object.fromEntries(Object.entries(outcomes).map(([k, n]) => [`ended ${k}`, n])),
    }
    return {
      figures: Object.entries(all).map(([name, figure]) => ({
        name,
        unit: '',
        better: 'less',
        ours: [figure],
      })),
      notes: [`Seed ${seed}. Everything due arrived; nothing else is anywhere.`],
    }
  },
}
