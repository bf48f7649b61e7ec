import { builtActions } from '../../sandbox/deployment'
import { ensureBuilt } from '../../scripts/app-build'
import { sampleRoot } from '../../scripts/command'
import type { Figure, Row } from '../harness/row'
import { type BurstReport, burst } from '../pim/burst'

/** Product events in a burst, out of order and a fifth of them twice, at the built actions. */
export const pimBurst: Row = {
  name: 'pim-burst',
  question: 'What does a storm of product changes cost?',
  rival: 'one call to the PIM for each event. It is counted, not run: as many calls as events',
  options: {
    seed: { what: 'repeats a run' },
    events: { what: 'numbers of events, separated by commas' },
    kills: { what: 'how often pim-sync is killed; reconcile mends what that left' },
  },
  run: async ({ isFull, number, text, oursOnly, say }) => {
    await ensureBuilt()
    const seed = number('seed') ?? Date.now() % 1_000_000
    const kills = number('kills') ?? 0
    const sizes = text('events')?.split(',').map(Number) ?? (isFull ? [1_000, 3_000, 10_000] : [1_000])
    if (sizes.some((size) => !(Number.isInteger(size) && size > 0)))
      throw new Error('--events takes whole numbers above 0, separated by commas')
    const reports: BurstReport[] = []
    for (const events of sizes) {
      say(`  ${events.toLocaleString('en')} events, seed ${seed}`)
      reports.push(await burst({ actions: builtActions(sampleRoot), seed, events, kills }))
    }
    const problems = reports.flatMap((report) => report.problems)
    for (const problem of problems.slice(0, 20)) say(`  NOT AS IT HAS TO BE: ${problem}`)
    if (problems.length > 0)
      throw new Error(`seed ${seed}: ${problems.length} things are not as they have to be`)
    const largest = Math.max(...sizes)
    return {
      figures: reports.flatMap((report) =>
        figuresOf(report, { isLargest: report.events === largest, oursOnly }),
      ),
      plots: [
        {
          name: 'calls',
          title: 'Calls to the PIM by the number of events',
          x: { label: 'events' },
          y: { label: 'calls' },
          lines: [
            { name: 'ours', points: reports.map(({ events, akeneo }) => [events, akeneo.calls] as const) },
            { name: 'a call an event', points: reports.map(({ events }) => [events, events] as const) },
          ],
        },
      ],
      notes: [
        `Seed ${seed}: every linked asset says what the PIM says.`,
        'A call to the stand-in of Akeneo takes 150 ms; it allows 4 calls at once and 100 a second.',
        ...reports.map(
          ({ events, akeneo: { byKind } }) =>
            `Calls for ${events.toLocaleString('en')} events: ${Object.entries(byKind)
              .map(([kind, count]) => `${kind} ${count}`)
              .join(', ')}.`,
        ),
        ...(kills > 0 ? [`pim-sync was killed ${kills} times; reconcile mended what that left.`] : []),
      ],
    }
  },
}

function figuresOf(
  { events, akeneo, aem, sent, activations, seconds }: BurstReport,
  { isLargest, oursOnly }: { isLargest: boolean; oursOnly: boolean },
): Figure[] {
  const less = (name: string, unit: string, figure: number): Figure => ({
    name: `${name}, ${events} events`,
    unit,
    better: 'less',
    ours: [figure],
  })
  return [
    {
      ...less('calls to the PIM', '', akeneo.calls),
      ...(oursOnly ? {} : { rival: [events] }),
      ...(isLargest ? { aim: { times: 20 } } : {}),
    },
    less('calls that the PIM refused (429)', '', akeneo.refused),
    less('requests to AEM', '', aem.searches + aem.reads + aem.writes),
    less('activations of pim-sync', '', activations['pim-sync']),
    less('an event is answered, median', 'ms', sent.ms.median),
    less('an event is answered, 99 of 100', 'ms', sent.ms.p99),
    less('until all is in step', 's', seconds),
  ]
}
