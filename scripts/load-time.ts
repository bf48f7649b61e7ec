import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './command'

const run = promisify(execFile)

/** What a fresh process says about a bundle it has loaded. */
export type LoadReport = {
  loadMs: number
  /** Of the whole process, after the load. */
  rss: number
  /** What the load added to the heap. */
  heap: number
  /** Whether aio-lib-state was evaluated by the load. */
  stateLoaded: boolean
  exports: string[]
  /** What `main({ challenge })` resolved to, when a challenge was given. */
  answer?: unknown
}

/**
 * Loads a bundle in a fresh process with an empty environment, as a container does.
 * @param node the Node that loads it @default the one that runs this
 */
export async function loadFresh(
  bundle: string,
  challenge?: string,
  node = process.execPath,
): Promise<LoadReport> {
  const args = ['--no-deprecation', join(root, 'scripts/load-probe.cjs'), bundle]
  const options = { cwd: tmpdir(), env: { __OW_ACTION_NAME: '/namespace/asset-bridge/generic' } }
  const child = run(node, challenge === undefined ? args : [...args, challenge], options)
  const { stdout } = await child.catch((error: Error) => {
    // What Node quotes of a bundle is one line of megabytes.
    throw new Error(`${bundle} does not load: ${error.message.slice(-1000)}`)
  })
  return JSON.parse(stdout) as LoadReport
}

/**
 * Loads bundles in turn, so that what else the machine does hits all alike.
 * @param rounds how often each; one more round goes first and is not counted
 * @returns the loads of each bundle, in the order of the bundles
 */
export async function loadInTurn(
  bundles: readonly string[],
  rounds: number,
  node?: string,
): Promise<LoadReport[][]> {
  const samples = bundles.map((): LoadReport[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [index, bundle] of bundles.entries()) {
      const sample = await loadFresh(bundle, undefined, node)
      if (round > 0) samples[index]?.push(sample)
    }
  }
  return samples
}

/** The middle of some figures; NaN when there are none. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
