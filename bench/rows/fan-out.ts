import { cpus } from 'node:os'
import { ensureBuilt } from '../../scripts/app-build'
import { median } from '../../scripts/load-time'
import type { Figure, Row } from '../harness/row'
import { type Library, startLibrary } from '../library/library'
import { backfill } from '../library/sides'

const workerCounts = [1, 2, 4, 8]
const usualLatencyMs = 100

/** One backfill by so many workers, over so many assets. */
type Sample = {
  ms: number
  assetsPerSecond: number
  /** An asset, in milliseconds. */
  cpu: Record<'command' | 'workers' | 'stand-ins', number>
  /** The share of the time that this machine's cores worked for it, and that a search was under way. */
  busy: number
  searching: number
  peakRssMb: number
}

export const fanOut: Row = {
  name: 'fan-out',
  question: 'How far does a backfill get faster by more activations?',
  options: {
    latency: { what: `milliseconds that AEM takes for an answer (default: ${usualLatencyMs})` },
    assets: { what: 'how many' },
  },
  run: async (context) => {
    await ensureBuilt()
    const { isFull, rounds, number, say } = context
    const assets = number('assets') ?? (isFull ? 6_000 : 1_200)
    const latencyMs = number('latency') ?? usualLatencyMs
    const library = await startLibrary({ assets, latencyMs, hasWorkers: true })
    const samples = new Map<number, Sample[]>(workerCounts.map((workers) => [workers, []]))
    try {
      // Containers are started and warm afterwards.
      await once(library, Math.max(...workerCounts), latencyMs)
      for (let round = 0; round < rounds(1, 2); round++) {
        for (const workers of workerCounts) {
          const sample = await once(library, workers, latencyMs)
          samples.get(workers)?.push(sample)
          say(
            `  ${workers} workers: ${(sample.ms / 1000).toFixed(1)} s, ${Math.round(sample.assetsPerSecond)} assets a second`,
          )
        }
      }
    } finally {
      await library.close()
    }
    return findings(samples, { assets, latencyMs })
  },
}

async function once(library: Library, workers: number, latencyMs: number): Promise<Sample> {
  await library.forget()
  await library.prepare(1)
  const before = await library.cpu()
  const pass = await backfill(library, { more: ['--remote', '--workers', String(workers)] })
  const after = await library.cpu()
  const { assets } = library
  const lacking = await library.lacking()
  if (pass.assets !== assets || lacking > 0)
    throw new Error(`${workers} workers: ${pass.assets} of ${assets} assets seen, ${lacking} lack a value`)
  if (pass.counts.activations < assets / 200) throw new Error('the pages were not done by activations')
  const [workersMs, standInsMs] = [after.workersMs - before.workersMs, after.standInsMs - before.standInsMs]
  return {
    ms: pass.ms,
    assetsPerSecond: (assets / pass.ms) * 1000,
    cpu: { command: pass.cpuMs / assets, workers: workersMs / assets, 'stand-ins': standInsMs / assets },
    busy: (pass.cpuMs + workersMs + standInsMs) / (pass.ms * cpus().length),
    searching: (pass.counts.searches * latencyMs) / pass.ms,
    peakRssMb: pass.peakRssMb,
  }
}

function findings(
  samples: ReadonlyMap<number, readonly Sample[]>,
  { assets, latencyMs }: { assets: number; latencyMs: number },
): Awaited<ReturnType<Row['run']>> {
  const of = (workers: number): readonly Sample[] => samples.get(workers) ?? []
  const middle = (workers: number, read: (sample: Sample) => number): number => median(of(workers).map(read))
  const speedUps = (workers: number): number[] =>
    of(workers).map(
      ({ assetsPerSecond }, index) => assetsPerSecond / (of(1)[index]?.assetsPerSecond ?? Number.NaN),
    )
  const figures = workerCounts.flatMap((workers): Figure[] => {
    const figure = (
      name: string,
      unit: string,
      better: Figure['better'],
      read: (sample: Sample) => number,
    ): Figure => ({
      name: `${workers} ${workers === 1 ? 'worker' : 'workers'}: ${name}`,
      unit,
      better,
      ours: of(workers).map(read),
    })
    return [
      { ...figure('speed-up', 'times', 'more', () => 1), ours: speedUps(workers) },
      figure('assets a second', '', 'more', ({ assetsPerSecond }) => assetsPerSecond),
      figure('CPU an asset, the command', 'ms', 'less', ({ cpu }) => cpu.command),
      figure('CPU an asset, the workers', 'ms', 'less', ({ cpu }) => cpu.workers),
      figure('CPU an asset, the stand-ins', 'ms', 'less', ({ cpu }) => cpu['stand-ins']),
      figure('peak memory of the command', 'MB', 'less', ({ peakRssMb }) => peakRssMb),
      figure('time in which a search is under way', '%', 'less', ({ searching }) => 100 * searching),
      figure('time that the cores of this machine work for it', '%', 'less', ({ busy }) => 100 * busy),
    ]
  })
  const percent = (workers: number, read: (sample: Sample) => number): string =>
    `${Math.round(100 * middle(workers, read))} %`
  const most = Math.max(...workerCounts)
  return {
    figures,
    plots: [
      {
        name: 'fan-out-speed-up',
        title: `Speed-up by workers, AEM taking ${latencyMs} ms an answer`,
        x: { label: 'activations at once' },
        y: { label: 'times as fast as one' },
        lines: [
          {
            name: 'measured',
            points: workerCounts.map((workers) => [workers, median(speedUps(workers))] as const),
          },
          {
            name: 'as many times as workers',
            points: workerCounts.map((workers) => [workers, workers] as const),
          },
        ],
      },
    ],
    notes: [
      `All assets are off, each answer of AEM takes ${latencyMs} ms, and --rate is so high that it holds nothing up.`,
      `Searches come one after the other, since each begins where the one before it ended. One is under way in ${percent(most, ({ searching }) => searching)} of the time with ${most} workers, in ${percent(1, ({ searching }) => searching)} with 1, for with few workers a search finds less at once.`,
      `A worker takes a hundred assets at a time: ${assets.toLocaleString('en')} assets are ${Math.ceil(assets / 100)} portions, and workers that have none left wait for the last ones.`,
      `Command, workers and stand-ins share ${cpus().length} cores here, which work for it in ${percent(most, ({ busy }) => busy)} of the time with ${most} workers, ${percent(1, ({ busy }) => busy)} with 1. On I/O Runtime a container has a core of its own to share, and four activations of export-worker share a container.`,
    ],
  }
}
