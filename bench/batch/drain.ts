import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { startJournal } from '../../sandbox/journal'
import type { JsonObject } from '../../sandbox/json'
import type { Sandbox } from '../../sandbox/sandbox'
import { type FastClock, startChild } from '../chaos/child'
import { measure } from '../harness/measure'
import { productionNode } from '../production-node'

/** What draining a backlog took. Processor time and memory are those of the processes that drained it. */
export type Drained = { ms: number; cpuMs: number; peakRssMb: number; runs: number }

/** More than a run keeps waiting, so that no two events about one asset are done as one. */
export const assetCount = 1_000

/** Events that ours works on at once. */
export const concurrency = 16

const answer = v.object({ body: v.object({ outcome: v.string(), done: v.number() }) })
const counts = v.object({ done: v.number(), there: v.number(), stored: v.number() })

/** Assets that are to be at the destination `folder`, and an event for each. */
export const fill = ({ aem }: Sandbox): readonly JsonObject[] =>
  Array.from({ length: assetCount }, (_, index) => {
    const path = `/content/dam/bench/asset-${index}.bin`
    const assetMetadata = { exportDestination: 'folder', exportImmediately: 'no' }
    return aem.publicationEvent(
      'published',
      aem.addAsset({ path, assetMetadata, content: { size: 1_000, seed: path } }),
    )
  })

/** Runs `drain` on a journal of its own with so many of the events. */
export async function onJournal<T>(
  sandbox: Sandbox,
  events: readonly JsonObject[],
  size: number,
  drain: (journalUrl: string) => Promise<T>,
): Promise<T> {
  const { ADC_CECREDENTIALS_CLIENTID: clientId = '', ADC_CECREDENTIALS_ORGID: orgId = '' } = sandbox.inputs()
  const { clock, ims } = sandbox
  const journal = await startJournal({ clock, clientId, orgId, isValidToken: ims.isValid })
  const forgetting = setInterval(() => {
    journal.requests.length = 0
  }, 1_000)
  try {
    journal.appendMany(size, (index) => ({ ...events[index % assetCount], id: `event-${index}` }))
    return await drain(journal.journalUrl)
  } finally {
    clearInterval(forgetting)
    await journal.close()
  }
}

/**
 * The built export-batch, as often as it says that more is left.
 * @throws {Error} when not each event was done
 */
export async function drainOurs(
  sandbox: Sandbox,
  { bundle, clock, journalUrl, size }: { bundle: string; clock: FastClock; journalUrl: string; size: number },
): Promise<Drained> {
  const started = performance.now()
  let [done, runs, cpuMs, peakRssMb] = [0, 0, 0, 0]
  for (let outcome = 'stopped'; outcome === 'stopped'; runs++) {
    const child = startChild({
      bundle,
      params: {
        ...sandbox.inputs(),
        JOURNAL_URL: journalUrl,
        EXPORT_MAX_EVENTS: '1000000',
        EXPORT_CONCURRENCY: `${concurrency}`,
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
    const ended = await child.ended
    const read = v.safeParse(answer, ended?.answer)
    if (ended === undefined || !read.success)
      throw new Error(`a run failed: ${JSON.stringify(ended?.answer)}`)
    outcome = read.output.body.outcome
    done += read.output.body.done
    cpuMs += ended.usage.cpuMs
    peakRssMb = Math.max(peakRssMb, ended.usage.maxRssMb)
  }
  if (done !== size) throw new Error(`${done} of ${size} events were done`)
  return { ms: performance.now() - started, cpuMs, peakRssMb, runs }
}

/**
 * The usual consumer, once.
 * @throws {Error} when not each event was done, or a file was not where it is to be
 */
export async function drainRival(
  sandbox: Sandbox,
  { journalUrl, size }: { journalUrl: string; size: number },
): Promise<Drained> {
  const inputs = sandbox.inputs()
  const env = sandbox.env()
  const job = {
    journalUrl,
    ims: sandbox.ims.url,
    aem: sandbox.aem.url,
    folder: sandbox.folder.root,
    orgId: inputs.ADC_CECREDENTIALS_ORGID,
    clientId: inputs.ADC_CECREDENTIALS_CLIENTID,
    clientSecret: inputs.ADC_CECREDENTIALS_CLIENTSECRET,
    scopes: inputs.ADC_CECREDENTIALS_METASCOPES,
    namespace: env.__OW_NAMESPACE,
    auth: env.__OW_API_KEY,
  }
  const script = join(__dirname, '../rivals/journal-consumer/consumer.cjs')
  const { ms, cpuMs, peakRssMb, stdout } = await measure(productionNode, [script], {
    PATH: process.env.PATH,
    HOME: tmpdir(),
    ...env,
    RIVAL_JOB: JSON.stringify(job),
  })
  const { done, there } = v.parse(counts, JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
  if (done !== size || there !== size)
    throw new Error(`the rival did ${done} of ${size} events, ${there} were there`)
  return { ms, cpuMs, peakRssMb, runs: 1 }
}
