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

/** Loads a bundle in a fresh process, as a container does, with no `node_modules` and no configuration within reach. */
export async function loadFresh(
  bundle: string,
  challenge?: string,
): Promise<LoadReport & { spawnToEndMs: number }> {
  const started = performance.now()
  const args = ['--no-deprecation', join(root, 'scripts/load-probe.cjs'), bundle]
  const { stdout } = await run(process.execPath, challenge === undefined ? args : [...args, challenge], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, __OW_ACTION_NAME: '/namespace/asset-bridge/generic' },
  })
  return { ...(JSON.parse(stdout) as LoadReport), spawnToEndMs: performance.now() - started }
}

/**
 * Loads two bundles in turn, so that what else the machine does hits both alike.
 * @param pairs how often each; one more pair goes first and is not counted
 */
export async function loadInTurn(
  first: string,
  second: string,
  pairs: number,
  challenge?: string,
): Promise<[LoadSample[], LoadSample[]]> {
  const samples: [LoadSample[], LoadSample[]] = [[], []]
  for (let pair = 0; pair <= pairs; pair++) {
    const one = await loadFresh(first, challenge)
    const other = await loadFresh(second, challenge)
    if (pair === 0) continue
    samples[0].push(one)
    samples[1].push(other)
  }
  return samples
}

/** One load. */
export type LoadSample = Awaited<ReturnType<typeof loadFresh>>

/** The middle of some figures; NaN when there are none. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
