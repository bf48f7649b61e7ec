import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startJournal } from '../../sandbox/journal'
import { isJsonObject, type JsonObject } from '../../sandbox/json'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { declaredActions, ensureBuilt } from '../../scripts/app-build'
import { root } from '../../scripts/command'
import { createFastClock, startChild } from '../chaos/child'
import type { Figure, Row } from '../harness/row'

/** More than a run keeps waiting, so that no two events about one asset are done as one. */
const assets = 1_000
const rivalBundle = join(root, 'bench/rivals/journal-consumer/index.js')

/** What a backlog cost. Of a process only what a run that finds nothing does not cost. */
type Drained = { events: number; runs: number; seconds: number; cpuMs: number; peakRssMb: number }

/** Milliseconds that AEM takes more than on this machine, as at a real distance. */
const distanceMs = 40
/** Work at once, as docs/configuration.md has it, and as an operator may set it. */
const concurrencies = [4, 16]

type Side = { bundle: string; folder: string; idle: { seconds: number; cpuMs: number } }

/** What a backlog costs: events about assets that are at their destination already, so that it is the machinery which is measured. */
export const batch: Row = {
  name: 'batch',
  question: 'What does it cost to drain a journal?',
  rival:
    'the usual sequential consumer on @adobe/aio-lib-events and @adobe/aio-lib-state: 100 events a page, one event after the other, the cursor once a page, nothing copied that is there',
  options: { sizes: { what: 'numbers of events, with commas' } },
  run: async ({ isFull, oursOnly, text, say }) => {
    await ensureBuilt()
    const bundle = (await declaredActions()).find(({ name }) => name === 'export-batch')?.bundle
    if (bundle === undefined) throw new Error('ext.config.yaml declares no action named export-batch')
    const sizes = text('sizes')?.split(',').map(Number) ?? (isFull ? [1_000, 10_000, 100_000] : [300, 1_000])
    const rivalSizes = oursOnly ? [] : isFull ? [1_000, 5_000] : [300]
    const bench = await startBench()
    try {
      const ours = await bench.open(bundle)
      const drained: Drained[] = []
      for (const size of sizes) {
        drained.push(await bench.drain(size, ours))
        say(`ours: ${size} events drained`)
      }
      const other = oursOnly ? undefined : await bench.open(rivalBundle)
      const others: Drained[] = []
      for (const size of rivalSizes) if (other !== undefined) others.push(await bench.drain(size, other))
      const rate = ({ events, seconds }: Drained): number => events / seconds
      const farSize = isFull ? 2_000 : 100
      const far = async (side: Side, concurrency?: number) =>
        rate(await bench.farAway(() => bench.drain(farSize, side, concurrency)))
      const rivalFar = other === undefined ? undefined : [await far(other)]
      const distant: Figure[] = []
      for (const concurrency of concurrencies)
        distant.push({
          name: `events a second, AEM ${distanceMs} ms away, EXPORT_CONCURRENCY=${concurrency}`,
          unit: '',
          better: 'more',
          ours: [await far(ours, concurrency)],
          ...(rivalFar === undefined ? {} : { rival: rivalFar }),
          aim: { times: 5 },
        })
      const { figures, ...more } = findings(drained, others)
      return { ...more, figures: [...figures, ...distant] }
    } finally {
      await bench.close()
    }
  },
}

const growth = {
  name: 'CPU an event, largest size against smallest',
  unit: '',
  better: 'less',
  aim: { atMost: 1.2 },
} as const

function findings(ours: readonly Drained[], rival: readonly Drained[]): Awaited<ReturnType<Row['run']>> {
  const [first, last, rivals] = [ours[0], ours.at(-1), rival.at(-1)]
  if (first === undefined || last === undefined) throw new Error('no size was given')
  const cpu = ({ cpuMs, events }: Drained): number => cpuMs / events
  const of = (figure: (one: Drained) => number) => ({
    ours: [figure(last)],
    ...(rivals === undefined ? {} : { rival: [figure(rivals)] }),
  })
  const line = (name: string, all: readonly Drained[], figure: (one: Drained) => number) =>
    all.length === 0 ? [] : [{ name, points: all.map((one) => [one.events, figure(one)] as const) }]
  const lines = (figure: (one: Drained) => number) => [
    ...line('ours', ours, figure),
    ...line('one event after the other', rival, figure),
  ]
  const events = { label: 'events', log: true } as const
  return {
    figures: [
      {
        name: 'events a second',
        unit: '',
        better: 'more',
        ...of((one) => one.events / one.seconds),
        aim: { times: 5 },
      },
      { name: 'CPU an event', unit: 'ms', better: 'less', ...of(cpu) },
      ...(last === first ? [] : [{ ...growth, ours: [cpu(last) / cpu(first)] }]),
      { name: 'peak memory', unit: 'MB', better: 'less', ...of((one) => one.peakRssMb) },
      { name: 'activations', unit: '', better: 'less', ...of((one) => one.runs) },
    ],
    plots: [
      { name: 'cpu', title: 'CPU an event', x: events, y: { label: 'ms' }, lines: lines(cpu) },
      {
        name: 'time',
        title: 'Time to drain',
        x: events,
        y: { label: 'seconds', log: true },
        lines: lines(({ seconds }) => seconds),
      },
    ],
    notes: [
      `Ours drained ${ours.map((one) => one.events).join(', ')} events; the figures are those of the largest.`,
      ...(rivals === undefined
        ? []
        : [
            `The rival drained ${rival.map((one) => one.events).join(', ')} events: one event after the other, its rate does not depend on the size.`,
          ]),
      'CPU, time and memory are those of the process of the action; what a run costs that finds nothing is taken off CPU and time.',
      'With AEM on the same machine there is hardly anything to wait for, and both are bound by the processor: doing several at once counts with AEM at a distance only. With EXPORT_CONCURRENCY at its default, four at once, five times the rate is out of reach.',
    ],
  }
}

async function startBench() {
  const clock = createFastClock(1)
  const sandbox = await startSandbox({ clock })
  const { ims, aem, state, journal } = sandbox
  const folders: string[] = []
  // What is recorded of 100,000 events is nothing that anybody looks at.
  const forgetting = setInterval(() => {
    for (const server of [ims, aem, aem.blobs, state, journal]) server.requests.length = 0
  }, 1_000)
  const events = fill(sandbox)
  for (const event of events) journal.append(event)

  return { open, drain, farAway, close }

  /** Brings the files to a folder of this side, and measures a run that finds nothing. */
  async function open(bundle: string): Promise<Side> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-batch-'))
    folders.push(folder)
    const side = { bundle, folder, idle: { seconds: 0, cpuMs: 0 } }
    const own = await openJournal(assets)
    try {
      const filled = await run(side, own.journalUrl)
      const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.bin'))
      if (filled.done !== assets || files.length !== assets)
        throw new Error(`${filled.done} of ${assets} events done, ${files.length} files`)
      const { seconds, cpuMs } = await run(side, own.journalUrl)
      return { ...side, idle: { seconds, cpuMs } }
    } finally {
      await own.close()
    }
  }

  async function farAway<T>(work: () => Promise<T>): Promise<T> {
    const { remove } = aem.faults.add({ fault: { kind: 'latency', delayMs: distanceMs } })
    return work().finally(remove)
  }

  async function openJournal(size: number) {
    const { ADC_CECREDENTIALS_CLIENTID: clientId = '', ADC_CECREDENTIALS_ORGID: orgId = '' } =
      sandbox.inputs()
    const own = await startJournal({ clock, clientId, orgId, isValidToken: ims.isValid })
    own.appendMany(size, (index) => ({ ...events[index % assets], id: `event-${index}` }))
    return own
  }

  async function drain(size: number, side: Side, concurrency?: number): Promise<Drained> {
    const own = await openJournal(size)
    try {
      const sum: Drained = { events: size, runs: 0, seconds: 0, cpuMs: 0, peakRssMb: 0 }
      let done = 0
      for (let outcome = 'stopped'; outcome === 'stopped'; ) {
        const ended = await run(side, own.journalUrl, concurrency)
        outcome = ended.outcome
        done += ended.done
        sum.runs += 1
        sum.seconds += ended.seconds - side.idle.seconds
        sum.cpuMs += ended.cpuMs - side.idle.cpuMs
        sum.peakRssMb = Math.max(sum.peakRssMb, ended.peakRssMb)
        own.requests.length = 0
      }
      if (done !== size) throw new Error(`${done} of ${size} events were done`)
      return sum
    } finally {
      await own.close()
    }
  }

  async function run({ bundle, folder }: Side, journalUrl: string, concurrency?: number) {
    const begin = performance.now()
    const ended = await startChild({
      bundle,
      params: {
        ...sandbox.inputs(),
        JOURNAL_URL: journalUrl,
        FOLDER_ROOT: folder,
        EXPORT_MAX_EVENTS: '1000000',
        ...(concurrency === undefined ? {} : { EXPORT_CONCURRENCY: String(concurrency) }),
        LOG_LEVEL: 'warn',
      },
      env: {
        PATH: process.env.PATH ?? '',
        HOME: tmpdir(),
        ...sandbox.env(),
        __OW_ACTIVATION_ID: randomUUID().replaceAll('-', ''),
      },
      clock,
    }).ended
    const seconds = (performance.now() - begin) / 1000
    const body = ended?.answer.body
    if (ended === undefined || !isJsonObject(body))
      throw new Error(`a run failed: ${JSON.stringify(ended?.answer)}`)
    const { cpuMs, maxRssMb: peakRssMb } = ended.usage
    return { outcome: String(body.outcome), done: Number(body.done), seconds, cpuMs, peakRssMb }
  }

  async function close(): Promise<void> {
    clearInterval(forgetting)
    await sandbox.close()
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
  }
}

function fill({ aem }: Sandbox): JsonObject[] {
  return Array.from({ length: assets }, (_, index) => {
    const path = `/content/dam/bench/asset-${index}.bin`
    const assetMetadata = { exportDestination: 'folder', exportImmediately: 'no' }
    return aem.publicationEvent(
      'published',
      aem.addAsset({ path, assetMetadata, content: { size: 1_000, seed: path } }),
    )
  })
}
