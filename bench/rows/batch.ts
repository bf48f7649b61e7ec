import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { startJournal } from '../../sandbox/journal'
import type { JsonObject } from '../../sandbox/json'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { declaredActions, ensureBuilt } from '../../scripts/app-build'
import { createFastClock, type Ended, startChild } from '../chaos/child'
import { writeResult } from '../report'

/** More than a run keeps waiting, so that no two events about one asset are done as one. */
const assets = 1_000
const usualSizes = [1_000, 10_000, 100_000]

type Row = {
  events: number
  runs: number
  seconds: number
  msPerEvent: number
  cpuMsPerEvent: number
  peakRssMb: number
}

/**
 * What a backlog costs: events about assets that are at their destination already, so that it is the machinery which
 * is measured. `--sizes=1000,10000` chooses.
 */
export async function batch(): Promise<void> {
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
    for (const event of events) journal.append(event)
    const run = (journalUrl: string): Promise<Ended | undefined> => {
      const child = startChild({
        bundle,
        params: {
          ...sandbox.inputs(),
          JOURNAL_URL: journalUrl,
          EXPORT_MAX_EVENTS: '1000000',
          LOG_LEVEL: 'warn',
        },
        env: {
          PATH: process.env.PATH ?? '',
          HOME: tmpdir(),
          ...sandbox.env(),
          __OW_ACTIVATION_ID: randomUUID().replaceAll('-', ''),
        },
        clock,
      })
      return child.ended
    }
    await run(journal.journalUrl)
    const idle = await run(journal.journalUrl)
    const idleCpuMs = idle?.usage.cpuMs ?? 0
    console.log(
      `A run that finds nothing: ${Math.round(idleCpuMs)} ms of CPU, ${round(idle?.usage.maxRssMb)} MB`,
    )
    console.log(
      `${['events', 'runs', 'seconds', 'ms/event', 'CPU ms/event', 'peak RSS MB'].map((it) => it.padStart(14)).join('')}`,
    )
    const rows: Row[] = []
    for (const size of sizes()) {
      const row = await drain(size, events, sandbox, run, idleCpuMs)
      rows.push(row)
      console.log(
        Object.values(row)
          .map((it) => it.toLocaleString('en').padStart(14))
          .join(''),
      )
    }
    const [first, last] = [rows[0], rows.at(-1)]
    if (first !== undefined && last !== undefined && last !== first)
      console.log(
        `Cost of an event, largest backlog against smallest: ${round(last.cpuMsPerEvent / first.cpuMsPerEvent)}x`,
      )
    await writeResult('batch', { idleCpuMs, rows })
  } finally {
    clearInterval(forgetting)
    await sandbox.close()
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

async function drain(
  size: number,
  events: readonly JsonObject[],
  sandbox: Sandbox,
  run: (journalUrl: string) => Promise<Ended | undefined>,
  idleCpuMs: number,
): Promise<Row> {
  const { ADC_CECREDENTIALS_CLIENTID: clientId = '', ADC_CECREDENTIALS_ORGID: orgId = '' } = sandbox.inputs()
  const journal = await startJournal({
    clock: sandbox.clock,
    clientId,
    orgId,
    isValidToken: sandbox.ims.isValid,
  })
  try {
    journal.appendMany(size, (index) => ({ ...events[index % assets], id: `event-${index}` }))
    const begin = performance.now()
    let [done, runs, cpuMs, peakRssMb] = [0, 0, 0, 0]
    for (let outcome = 'stopped'; outcome === 'stopped'; ) {
      const ended = await run(journal.journalUrl)
      const { body } = (ended?.answer ?? {}) as { body?: { outcome: string; done: number } }
      if (ended === undefined || body === undefined)
        throw new Error(`a run failed: ${JSON.stringify(ended?.answer)}`)
      outcome = body.outcome
      done += body.done
      runs += 1
      cpuMs += ended.usage.cpuMs - idleCpuMs
      peakRssMb = Math.max(peakRssMb, ended.usage.maxRssMb)
      journal.requests.length = 0
    }
    if (done !== size) throw new Error(`${done} of ${size} events were done`)
    const seconds = (performance.now() - begin) / 1000
    return {
      events: size,
      runs,
      seconds: round(seconds),
      msPerEvent: round((seconds * 1000) / size),
      cpuMsPerEvent: round(cpuMs / size),
      peakRssMb: round(peakRssMb),
    }
  } finally {
    await journal.close()
  }
}

const round = (figure = 0): number => Math.round(figure * 100) / 100

function sizes(): readonly number[] {
  const text = process.argv.find((argument) => argument.startsWith('--sizes='))?.slice('--sizes='.length)
  return text === undefined ? usualSizes : text.split(',').map(Number)
}
