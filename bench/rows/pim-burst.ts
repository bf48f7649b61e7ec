import { builtActions } from '../../sandbox/deployment'
import { ensureBuilt } from '../../scripts/app-build'
import { sampleRoot } from '../../scripts/command'
import type { Figure, Row } from '../harness/row'
import { type BurstReport, burst } from '../pim/burst'
import { bundleRival } from '../rivals/bundle'

/** With others the rival may be so slow that Akeneo would suspend its subscription: then there is no figure of it. */
const usualSeed = 7
/** Enough to count its calls: they are the same for each event. */
const rivalEvents = 200

/** A burst of product events at the built actions, out of order and a fifth of them twice. */
export const pimBurst: Row = {
  name: 'pim-burst',
  question: 'What does a storm of product events ask of the PIM?',
  rival:
    'one action that asks the PIM for each event, finds the assets, and writes what differs: tokens and connections kept, four calls at once, 429 when too many wait',
  options: {
    seed: { what: 'repeats a run' },
    events: { what: 'how many, in place of the usual sizes' },
    kills: { what: 'SIGKILLs to pim-sync; reconcile mends what they left' },
  },
  run: async ({ isFull, oursOnly, number, say }) => {
    await ensureBuilt()
    const actions = builtActions(sampleRoot)
    const seed = number('seed') ?? usualSeed
    const asked = number('events')
    const sizes = asked === undefined ? (isFull ? [1_000, 3_000, 10_000] : [300, 1_000]) : [asked]
    const kills = number('kills') ?? 0
    say(`pim-burst: seed ${seed}`)

    const rival = oursOnly
      ? undefined
      : await burst({
          actions: {
            ...actions,
            'pim-events': { bundle: await bundleRival('call-an-event/index.js'), rawWeb: true },
          },
          seed,
          events: rivalEvents,
        })
    if (rival !== undefined) requireDone(rival, { mostStale: 0.25 })
    const reports: BurstReport[] = []
    for (const events of sizes) {
      const report = await burst({ actions, seed, events, kills })
      requireDone(report, { mostStale: 0 })
      reports.push(report)
    }
    const largest = reports.at(-1)
    if (largest === undefined) throw new Error('no size was given')

    const figure = (
      name: string,
      unit: string,
      of: (report: BurstReport) => number,
      more: Partial<Pick<Figure, 'better' | 'aim'>> = {},
    ): Figure => ({
      name,
      unit,
      better: 'less',
      ours: [of(largest)],
      ...(rival === undefined ? {} : { rival: [of(rival)] }),
      ...more,
    })
    const perThousand = (count: (report: BurstReport) => number) => (report: BurstReport) =>
      (count(report) / report.events) * 1_000
    const kinds = Object.entries(largest.akeneo.byKind).map(([kind, count]) => `${count} ${kind}`)
    return {
      figures: [
        figure(
          'calls to the PIM for 1,000 events',
          '',
          perThousand(({ akeneo }) => akeneo.calls),
          { aim: { times: 20 } },
        ),
        figure(
          'requests to AEM for 1,000 events',
          '',
          perThousand(({ aem }) => aem.searches + aem.reads + aem.writes),
        ),
        figure('answer to an event, median', 'ms', ({ sent }) => sent.ms.median),
        figure('answer to an event, 99th percentile', 'ms', ({ sent }) => sent.ms.p99),
        figure('events a second until all is in step', '', ({ events, seconds }) => events / seconds, {
          better: 'more',
        }),
        figure('deliveries that were put off (429)', '', ({ sent }) => sent.putOff),
        figure('assets not in step at the end', '', ({ problems }) => problems.length),
        {
          name: 'activations of pim-sync',
          unit: '',
          better: 'less',
          ours: [largest.activations['pim-sync']],
        },
      ],
      plots: [
        {
          name: 'calls',
          title: 'Calls to the PIM by number of events',
          x: { label: 'events', log: true },
          y: { label: 'calls', log: true },
          lines: [
            { name: 'ours', points: reports.map(({ events, akeneo }) => [events, akeneo.calls] as const) },
            ...(rival === undefined
              ? []
              : [
                  {
                    name: 'one call an event',
                    // A call for each event whatever their number: by that of the run.
                    points: sizes.map(
                      (events) => [events, (rival.akeneo.calls / rival.events) * events] as const,
                    ),
                  },
                ]),
          ],
        },
      ],
      notes: [
        `Seed ${seed}: ${largest.events} events, ${largest.products} products, ${largest.assets} assets; a call to the PIM takes 150 ms. Our calls: ${kinds.join(', ')}.`,
        ...(rival === undefined
          ? []
          : [
              `The rival ran with ${rival.events} events; its line in the plot is its calls an event times their number.`,
            ]),
        ...(rival !== undefined && rival.problems.length > 0
          ? [
              'The rival left assets out of step: it reads the product before the asset, and so writes older values over newer ones.',
            ]
          : []),
        ...(largest.kills > 0 ? [`${largest.kills} kills; reconcile mended ${largest.mended}.`] : []),
      ],
    }
  },
}

/** @throws {Error} when more assets are out of step than may be, or Akeneo would have suspended the subscription */
function requireDone(
  { problems, successRate, assets }: BurstReport,
  { mostStale }: { mostStale: number },
): void {
  if (problems.length > assets * mostStale)
    throw new Error(`${problems.length} things are not as they have to be, such as: ${problems[0]}`)
  if (successRate <= 0.9) throw new Error('Akeneo would have suspended the subscription')
}
