import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declaredActions } from '../../scripts/app-build'
import { root } from '../../scripts/command'
import { startChild } from '../chaos/child'
import { type Measured, measure, usedCpuMs } from '../harness/measure'
import { productionNode } from '../production-node'
import type { Library } from './library'
import type { Counts } from './protocol'

/** What it took to go through a library once. */
export type Pass = {
  assets: number
  /** From the first request to AEM to the end. */
  ms: number
  /** Of the process that is measured, in the same time. */
  cpuMs: number
  /** Before that. */
  start: { ms: number; cpuMs: number }
  peakRssMb: number
  counts: Counts
  /** Assets that the process says it wrote to. */
  written: number
}

const folder = '/content/dam/library'
/** What `npx bridge` is started with: see cli/bin.cjs. */
const heapFlags = ['--max-semi-space-size=2', '--optimize-for-size']

/** `bridge backfill enrich` as an operator starts it, but for a rate that does not hold it up. */
export async function backfill(
  library: Library,
  { more = [], nodeFlags = [] }: { more?: readonly string[]; nodeFlags?: readonly string[] } = {},
): Promise<Pass> {
  const command = [
    'backfill',
    'enrich',
    '--folder',
    folder,
    '--rate',
    '100000',
    '--restart',
    ...more,
    '--json',
    '--yes',
  ]
  const env = {
    ...machine(),
    NODE_OPTIONS: '--conditions=sample-config',
    ...library.operatorEnv,
    ...pimOf(library),
  }
  await library.counts()
  const args = [...heapFlags, ...nodeFlags, join(root, 'cli/bin.cjs'), ...command]
  const { stdout, ...used } = await measure(productionNode, args, env, library.asked())
  const { checked, written, failed, done } = JSON.parse(stdout)
  if (failed !== 0 || done !== true) throw new Error(`the backfill is not done: ${stdout}`)
  return { ...fromStart(used), assets: checked, written, counts: await library.counts() }
}

const fromStart = ({ ms, cpuMs, peakRssMb, before }: Omit<Measured, 'stdout'>) => ({
  ms: ms - before.ms,
  cpuMs: cpuMs - before.cpuMs,
  start: before,
  peakRssMb,
})

/** One GET, one call to the PIM and one PATCH an asset. */
export async function assetByAsset(library: Library): Promise<Pass> {
  const { operatorEnv: inputs, pim } = library
  const job = {
    folder,
    ims: inputs.IMS_URL,
    aem: inputs.AEM_AUTHOR_URLS,
    pim,
    clientId: inputs.ADC_CECREDENTIALS_CLIENTID,
    clientSecret: inputs.ADC_CECREDENTIALS_CLIENTSECRET,
    scopes: inputs.ADC_CECREDENTIALS_METASCOPES,
  }
  await library.counts()
  const script = join(root, 'bench/rivals/asset-by-asset/backfill.js')
  const env = { ...machine(), RIVAL_JOB: JSON.stringify(job) }
  const { stdout, ...used } = await measure(productionNode, [script], env, library.asked())
  const { checked, written } = JSON.parse(stdout)
  return { ...fromStart(used), assets: checked, written, counts: await library.counts() }
}

const everyMs = 10 * 60_000
const maxRuns = 1_000

/**
 * A round of the sweep of the built `reconcile`, a run every ten minutes by the clock, until it has been through the
 * whole library. Each run is a process of its own, with what I/O Runtime gives it of memory.
 */
export async function sweep(library: Library): Promise<Pass> {
  const bundle = (await declaredActions()).find(({ name }) => name === 'reconcile')?.bundle
  if (bundle === undefined) throw new Error('ext.config.yaml declares no action named reconcile')
  const files = await mkdtemp(join(tmpdir(), 'bridge-bench-sweep-'))
  const params = {
    ...library.inputs,
    ...pimOf(library),
    FOLDER_ROOT: files,
    RECONCILE_SWEEP: 'on',
    RECONCILE_FULL_EVERY: 'P1D',
    LOG_LEVEL: 'warn',
  }
  const passes: Pass[] = []
  try {
    for (let isUnderWay = true; isUnderWay; ) {
      const { isFull, ...pass } = await sweepOnce(bundle, params, library)
      isUnderWay = isFull
      passes.push(pass)
      if (passes.length > maxRuns) throw new Error('the sweep has no end')
      await library.advance(everyMs)
    }
    return together(passes)
  } finally {
    await rm(files, { recursive: true })
  }
}

async function sweepOnce(
  bundle: string,
  params: Record<string, string>,
  library: Library,
): Promise<Pass & { isFull: boolean }> {
  const { activationEnv, clock } = library
  const env = { ...machine(), ...activationEnv, __OW_ACTIVATION_ID: randomUUID().replaceAll('-', '') }
  await library.counts()
  const began = performance.now()
  const child = startChild({ bundle, params, env, clock })
  const start = { ms: 0, cpuMs: 0 }
  void library.asked().then(() => {
    start.ms = performance.now() - began
    start.cpuMs = usedCpuMs(child.pid)
  })
  const ended = await child.ended
  if (ended === undefined) throw new Error('a run was killed')
  const { assets, enriched: written, full } = sweptOf(ended.answer)
  const { cpuMs, maxRssMb: peakRssMb } = ended.usage
  const ms = performance.now() - began - start.ms
  const counts = await library.counts()
  return { assets, written, ms, cpuMs: cpuMs - start.cpuMs, start, peakRssMb, counts, isFull: full === true }
}

/** The runs of one round. */
function together(passes: readonly Pass[]): Pass {
  const sum = (read: (pass: Pass) => number): number => passes.reduce((all, pass) => all + read(pass), 0)
  return {
    assets: sum(({ assets }) => assets),
    written: sum(({ written }) => written),
    ms: sum(({ ms }) => ms),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    // Of one run.
    start: {
      ms: sum(({ start }) => start.ms) / passes.length,
      cpuMs: sum(({ start }) => start.cpuMs) / passes.length,
    },
    peakRssMb: Math.max(...passes.map(({ peakRssMb }) => peakRssMb)),
    counts: {
      searches: sum(({ counts }) => counts.searches),
      reads: sum(({ counts }) => counts.reads),
      patches: sum(({ counts }) => counts.patches),
      pim: sum(({ counts }) => counts.pim),
      state: sum(({ counts }) => counts.state),
      activations: sum(({ counts }) => counts.activations),
    },
  }
}

type Swept = { assets: number; enriched: number; parked: number; deadLettered: number; full?: true }

function sweptOf(answer: unknown): Swept {
  const { body } = (answer ?? {}) as { body?: { outcome?: string; sweep?: Swept } }
  const { outcome = '', sweep: swept } = body ?? {}
  if (swept === undefined || outcome === 'failed' || swept.parked + swept.deadLettered > 0)
    throw new Error(`a run of the sweep did not do its work: ${JSON.stringify(answer)}`)
  return swept
}

/** All that a process has of this machine's environment. */
const machine = (): Record<string, string> => ({ PATH: process.env.PATH ?? '', HOME: tmpdir() })

/** A PIM that takes many products in one call. */
const pimOf = ({ pim }: Library): Record<string, string> => ({
  PIM_COMMUNICATOR: 'rest',
  PIM_REST_URL: `${pim.url}/search?sku={identifiers}`,
  PIM_REST_HEADERS: `X-Api-Key: ${pim.apiKey}`,
  PIM_REST_PRODUCT: '/items',
  PIM_REST_IDENTIFIER: '/sku',
})
