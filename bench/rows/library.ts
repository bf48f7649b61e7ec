import { ensureBuilt } from '../../scripts/app-build'
import { median } from '../../scripts/load-time'
import { inTurn } from '../harness/in-turn'
import type { Figure, Plot, Row, RowContext } from '../harness/row'
import { type Library, startLibrary } from '../library/library'
import { assetByAsset, backfill, type Pass, sweep } from '../library/sides'

/** How many of the assets differ from the PIM: each so many-th, or none. */
const states = { 'in step': 0, '1 % off': 100, 'all off': 1 }
type State = keyof typeof states

/** Above this size only a library in step is gone through, and without the rival, unless all is asked for. */
const largestForAll = 10_000

/** One state of a library of one size, gone through by each side. */
type Case = { state: State; size: number; off: number; backfill: Costs[]; sweep: Costs[]; rival: Costs[] }

/** What one asset took, what the process took to start, and what the whole pass took. */
type Costs = Record<'ms' | 'cpuMs' | 'aem' | 'pim', number> & {
  startCpuMs: number
  peakRssMb: number
  patches: number
}

export const libraryRow: Row = {
  name: 'library',
  question: 'What does it cost to bring a library in step, and how does that grow?',
  rival:
    'a script that takes each asset by itself: one GET, one call to the PIM and one PATCH, ten assets at once, with connections that are kept and one token for all',
  options: {
    sizes: { what: 'assets of the libraries, such as 1000,10000' },
    all: { what: 'every state, and the rival, at sizes above 10000, too', isSwitch: true },
  },
  run: async (context) => {
    await ensureBuilt()
    const cases: Case[] = []
    for (const size of sizesOf(context)) {
      const library = await startLibrary({ assets: size, latencyMs: 0, hasWorkers: false })
      try {
        const chosen: State[] =
          size > largestForAll && !context.has('all') ? ['in step'] : ['in step', '1 % off', 'all off']
        for (const state of chosen) cases.push(await runCase(library, state, context))
      } finally {
        await library.close()
      }
    }
    return {
      figures: [...startFigures(cases), ...growthFigures(cases), ...cases.flatMap(figuresOf)],
      plots: plotsOf(cases),
      notes: notesOf(cases),
    }
  },
}

function sizesOf({ text, isFull }: RowContext): readonly number[] {
  const sizes = text('sizes')?.split(',').map(Number)
  if (sizes?.some((size) => !(Number.isInteger(size) && size > 0)))
    throw new Error('--sizes takes whole numbers above 0, such as 1000,10000')
  return sizes?.toSorted((a, b) => a - b) ?? (isFull ? [1_000, 10_000, 100_000] : [200, 600])
}

async function runCase(library: Library, state: State, context: RowContext): Promise<Case> {
  const { rounds, oursOnly, has, say } = context
  const size = library.assets
  const isLarge = size > largestForAll
  let off = 0
  /** Brings the library into the state, lets one side go through it, and looks at what it did. */
  const once = (side: string, pass: () => Promise<Pass>) => async (): Promise<Costs> => {
    await library.forget()
    off = await library.prepare(states[state])
    const done = await pass()
    const lacking = await library.lacking()
    if (done.assets < size || lacking > 0)
      throw new Error(`${side}, ${state}: ${done.assets} of ${size} assets seen, ${lacking} lack a value`)
    const costs = costsOf(done, size)
    say(
      `  ${side}, ${state}, ${size}: ${(done.ms / 1000).toFixed(1)} s, ${costs.cpuMs.toFixed(2)} ms of CPU an asset, ${Math.round(costs.peakRssMb)} MB`,
    )
    return costs
  }
  const turns = { rounds: isLarge ? 1 : rounds(1, 2), warmUp: 0 }
  const { ours, rival } = await inTurn(
    { ours: once('backfill', () => backfill(library)), rival: once('rival', () => assetByAsset(library)) },
    { ...turns, oursOnly: oursOnly || (isLarge && !has('all')) },
  )
  const swept = await inTurn({ ours: once('sweep', () => sweep(library)) }, { ...turns, oursOnly })
  return { state, size, off, backfill: ours, sweep: swept.ours, rival }
}

const costsOf = ({ counts, peakRssMb, ms, cpuMs, start }: Pass, size: number): Costs => ({
  ms: ms / size,
  cpuMs: cpuMs / size,
  startCpuMs: start.cpuMs,
  peakRssMb,
  aem: (counts.searches + counts.reads + counts.patches) / size,
  pim: counts.pim / size,
  patches: counts.patches,
})

function figuresOf({ state, size, off, rival, ...sides }: Case): Figure[] {
  return (['backfill', 'sweep'] as const).flatMap((side): Figure[] => {
    const figure = (
      name: string,
      unit: string,
      better: Figure['better'],
      read: (costs: Costs) => number,
      aim?: Figure['aim'],
    ): Figure => ({
      name: `${side}, ${state}, ${size.toLocaleString('en')}: ${name}`,
      unit,
      better,
      ours: sides[side].map(read),
      ...(rival.length === 0 ? {} : { rival: rival.map(read) }),
      ...(aim === undefined ? {} : { aim }),
    })
    return [
      figure('assets a second', '', 'more', ({ ms }) => 1000 / ms),
      figure('own CPU an asset', 'ms', 'less', ({ cpuMs }) => cpuMs),
      figure('peak memory', 'MB', 'less', ({ peakRssMb }) => peakRssMb),
      figure('requests to AEM an asset', '', 'less', ({ aem }) => aem),
      figure('calls to the PIM an asset', '', 'less', ({ pim }) => pim),
      figure('PATCHes', '', 'less', ({ patches }) => patches, { atMost: off }),
    ]
  })
}

/** What a process takes until it asks AEM for the first time, whatever the library. */
function startFigures(cases: readonly Case[]): Figure[] {
  const rival = cases.flatMap((one) => one.rival.map(({ startCpuMs }) => startCpuMs))
  return (['backfill', 'sweep'] as const).map((side) => ({
    name: `${side}: CPU of the start`,
    unit: 'ms',
    better: 'less',
    ours: cases.flatMap((one) => one[side].map(({ startCpuMs }) => startCpuMs)),
    ...(rival.length > 0 ? { rival } : {}),
  }))
}

/** The cost of an asset in the largest library against that in the smallest one. */
function growthFigures(cases: readonly Case[]): Figure[] {
  return Object.keys(states).flatMap((state) => {
    const some = cases.filter((one) => one.state === state)
    const [first, last] = [some[0], some.at(-1)]
    if (first === undefined || last === undefined || first === last) return []
    const span = `${last.size.toLocaleString('en')} assets against ${first.size.toLocaleString('en')}`
    const cpu = (costs: readonly Costs[]): number => median(costs.map(({ cpuMs }) => cpuMs))
    return (['backfill', 'sweep'] as const).map(
      (side): Figure => ({
        name: `${side}, ${state}: own CPU an asset, ${span}`,
        unit: 'times',
        better: 'less',
        ours: [cpu(last[side]) / cpu(first[side])],
        ...(last.rival.length > 0 ? { rival: [cpu(last.rival) / cpu(first.rival)] } : {}),
        aim: { atMost: 1.2 },
      }),
    )
  })
}

function plotsOf(cases: readonly Case[]): Plot[] {
  const lines = (read: (costs: Costs) => number): Plot['lines'] =>
    Object.keys(states).flatMap((state) =>
      (['backfill', 'sweep', 'rival'] as const).flatMap((side) => {
        const points = cases
          .filter((one) => one.state === state && one[side].length > 0)
          .map((one) => [one.size, median(one[side].map(read))] as const)
        return points.length < 2 ? [] : [{ name: `${side}, ${state}`, points }]
      }),
    )
  const x = { label: 'assets of the library', log: true } as const
  return [
    {
      name: 'library-cpu',
      title: 'Own CPU an asset, by the size of the library',
      x,
      y: { label: 'ms of CPU an asset' },
      lines: lines(({ cpuMs }) => cpuMs),
    },
    {
      name: 'library-time',
      title: 'Time an asset, by the size of the library',
      x,
      y: { label: 'ms an asset' },
      lines: lines(({ ms }) => ms),
    },
  ]
}

const notesOf = (cases: readonly Case[]): string[] => [
  'The stand-ins of AEM, PIM and State run in a process of their own: CPU and memory are those of the side alone. They answer at once, so the assets a second are those of this machine.',
  'CPU and time count from the first request to AEM: what a process takes before that is a figure by itself.',
  'The sweep is that of `reconcile`, a process a run, two thousand assets a run. It also looks whether an asset has to be exported, for which one that it has just written is read once more. What it has written is looked at again by the runs of the next minutes, so a library of several runs has more requests where all is off.',
  'The rival has no checkpoint, no report, no retry, and does not look whether an asset is in step.',
  ...(cases.some(({ size, rival }) => size > largestForAll && rival.length === 0)
    ? [`The rival is left out above ${largestForAll.toLocaleString('en')} assets: --all takes it there, too.`]
    : []),
]
