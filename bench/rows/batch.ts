import { startSandbox } from '../../sandbox/sandbox'
import { declaredActions, ensureBuilt } from '../../scripts/app-build'
import { median } from '../../scripts/load-time'
import { concurrency, type Drained, drainOurs, drainRival, fill, onJournal } from '../batch/drain'
import { createFastClock } from '../chaos/child'
import { inTurn, type Sides } from '../harness/in-turn'
import type { Figure, Row, RowContext } from '../harness/row'

/** Of a larger backlog the consumer's rate is the same, and takes its time. */
const largestOfRival = { small: 300, full: 1_000 }
/** What an answer of AEM takes; the real one is slower. */
const aemMs = 50

/**
 * What a backlog costs: events about assets that are at their destination already, so that it is the machinery which
 * is measured.
 */
export const batch: Row = {
  name: 'batch',
  question: 'What does draining the journal cost?',
  rival:
    'the usual sequential consumer: aio-lib-events reads the journal page by page, one event after another reads its asset and looks at the destination, aio-lib-state keeps the position after each page. One token, kept connections, no retries and no records',
  options: { sizes: { what: 'numbers of events, separated by commas' } },
  run: async (context) => {
    await ensureBuilt()
    const bundle = (await declaredActions()).find(({ name }) => name === 'export-batch')?.bundle
    if (bundle === undefined) throw new Error('ext.config.yaml declares no action named export-batch')
    const clock = createFastClock(1)
    const sandbox = await startSandbox({ clock })
    const { ims, aem, state, journal } = sandbox
    // What is recorded of 100,000 events is nothing that anybody looks at.
    const forgetting = setInterval(() => {
      for (const server of [ims, aem, aem.blobs, state, journal]) server.requests.length = 0
    }, 1_000)
    try {
      const events = fill(sandbox)
      const ours = (size: number) => () =>
        onJournal(sandbox, events, size, (journalUrl) =>
          drainOurs(sandbox, { bundle, clock, journalUrl, size }),
        )
      const rival = (size: number) => () =>
        onJournal(sandbox, events, size, (journalUrl) => drainRival(sandbox, { journalUrl, size }))
      aem.faults.add({ path: '/', fault: { kind: 'latency', delayMs: aemMs } })
      // Brings the files to their destination, and what a run costs that finds next to nothing.
      await ours(events.length)()
      const idle = await ours(1)()
      const largest = largestOfRival[context.isFull ? 'full' : 'small']
      const found: { size: number; samples: Sides<Drained> }[] = []
      for (const size of sizesOf(context)) {
        const samples = await inTurn(
          { ours: ours(size), ...(size <= largest ? { rival: rival(size) } : {}) },
          { rounds: size > largest ? 1 : context.rounds(1, 2), oursOnly: context.oursOnly, warmUp: 0 },
        )
        found.push({ size, samples })
        context.say(
          `  ${size.toLocaleString('en')} events: ${samples.ours.map(({ ms }) => Math.round(ms / 1000))} s`,
        )
      }
      const cost = (cpuMs: number, size: number): number => (cpuMs - idle.cpuMs) / size
      const costs = found.map(({ size, samples }) => ({
        size,
        cpuMs: cost(median(samples.ours.map(({ cpuMs }) => cpuMs)), size),
      }))
      const [first, last] = [costs[0], costs.at(-1)]
      const flat: Figure[] =
        first === undefined || last === undefined || first === last
          ? []
          : [
              {
                name: `cost of an event, ${last.size} events against ${first.size}`,
                unit: '',
                better: 'less',
                ours: [last.cpuMs / first.cpuMs],
                aim: { atMost: 1.2 },
              },
            ]
      return {
        figures: [
          ...found.flatMap(({ size, samples }): Figure[] => [
            {
              name: `events a second, ${size} events`,
              unit: '',
              better: 'more',
              ours: samples.ours.map(({ ms }) => (size * 1000) / ms),
              rival: samples.rival.map(({ ms }) => (size * 1000) / ms),
              ...(size > largest ? {} : { aim: { times: 5 } }),
            },
            {
              name: `own processor time of an event, ${size} events`,
              unit: 'ms',
              better: 'less',
              ours: samples.ours.map(({ cpuMs }) => cost(cpuMs, size)),
            },
            {
              name: `peak memory, ${size} events`,
              unit: 'MB',
              better: 'less',
              ours: samples.ours.map(({ peakRssMb }) => peakRssMb),
              rival: samples.rival.map(({ peakRssMb }) => peakRssMb),
            },
          ]),
          ...flat,
          { name: 'a run that finds one event', unit: 'ms', better: 'less', ours: [idle.cpuMs] },
        ],
        plots: [
          {
            name: 'cost',
            title: 'Own processor time of an event by the size of the backlog',
            x: { label: 'events', log: true },
            y: { label: 'ms' },
            lines: [{ name: 'ours', points: costs.map(({ size, cpuMs }) => [size, cpuMs] as const) }],
          },
        ],
        notes: [
          `Each answer of AEM takes ${aemMs} ms, for both.`,
          'The rate counts the start of each process. The processor time of an event does not: that of a run which finds one event is taken off.',
          `The consumer is measured up to ${largest.toLocaleString('en')} events: one after the other, its rate stays the same.`,
          `EXPORT_CONCURRENCY is ${concurrency}, as an operator sets it for a large backlog; the default is 4.`,
        ],
      }
    } finally {
      clearInterval(forgetting)
      await sandbox.close()
    }
  },
}

function sizesOf({ isFull, text }: RowContext): readonly number[] {
  const given = text('sizes')?.split(',').map(Number)
  if (given?.some((size) => !(Number.isInteger(size) && size > 0)) === true)
    throw new Error('--sizes takes whole numbers above 0, separated by commas')
  return given ?? (isFull ? [1_000, 10_000, 100_000] : [300, 1_000])
}
