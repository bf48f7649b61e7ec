import { readFile } from 'node:fs/promises'
import { deflateRawSync } from 'node:zlib'
import { declaredActions, ensureBuilt, filesOf } from '../../scripts/app-build'
import { type LoadSample, loadInTurn, median } from '../../scripts/load-time'
import { printRows, type Row, writeResult } from '../report'
import { buildBaseline } from '../rivals/sdk-sample'

const rounds = 21

/** What a cold start of one bundle costs. */
type Cost = {
  bundleKb: number
  zipKb: number
  loadMs: number
  answerMs: number
  heapMb: number
  rssMb: number
}

/** A cold start of `generic`, against the same job on the whole SDK. */
export async function cold(): Promise<void> {
  await ensureBuilt()
  const ours = (await declaredActions()).find(({ name }) => name === 'generic')?.bundle
  if (ours === undefined) throw new Error('ext.config.yaml declares no action named generic')
  const baseline = await buildBaseline()

  const bundles = [ours, baseline.minimised, baseline.asIs]
  const samples = await loadInTurn(bundles, rounds, 'cold')
  const costs = await Promise.all(bundles.map((bundle, index) => costOf(bundle, samples[index] ?? [])))
  const [generic, minimised, asIs] = costs
  if (generic === undefined || minimised === undefined || asIs === undefined)
    throw new Error('nothing measured')

  console.log(`Cold start of generic: medians of ${rounds} fresh processes each, in turn`)
  printRows(
    'against the sample on the whole @adobe/aio-sdk, minimised like ours',
    compare(generic, minimised),
  )
  printRows('against the same, as aio bundles it by default', compare(generic, asIs))
  await writeResult('cold', { rounds, generic, sdkMinimised: minimised, sdkAsIs: asIs })
}

async function costOf(bundle: string, samples: readonly LoadSample[]): Promise<Cost> {
  const code = await readFile(bundle)
  const files = await Promise.all((await filesOf({ bundle })).map((file) => readFile(file)))
  const of = (figure: (sample: LoadSample) => number): number => round(median(samples.map(figure)))
  return {
    bundleKb: round(code.length / 1024),
    // What aio uploads is a zip of all, at the same level.
    zipKb: round(files.reduce((sum, file) => sum + deflateRawSync(file, { level: 9 }).length, 0) / 1024),
    loadMs: of(({ loadMs }) => loadMs),
    answerMs: of(({ spawnToEndMs }) => spawnToEndMs),
    heapMb: of(({ heap }) => heap / 1024 ** 2),
    rssMb: of(({ rss }) => rss / 1024 ** 2),
  }
}

const round = (figure: number): number => Math.round(figure * 10) / 10

function compare(ours: Cost, other: Cost): Row[] {
  const row = (figure: string, unit: string, key: keyof Cost): Row => ({
    figure,
    unit,
    ours: ours[key],
    other: other[key],
  })
  return [
    row('index.js', 'KB', 'bundleKb'),
    row('zip', 'KB', 'zipKb'),
    row('load', 'ms', 'loadMs'),
    row('spawn to answered probe', 'ms', 'answerMs'),
    row('heap added by the load', 'MB', 'heapMb'),
    row('process after the load', 'MB', 'rssMb'),
  ]
}
