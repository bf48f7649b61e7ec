import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Latency } from '../harness/latency'
import { type Measured, measure } from '../harness/measure'
import { productionNode } from '../production-node'
import { rcloneArgs } from '../rivals/rclone'
import type { ClientJob } from './client'
import type { BenchFile } from './content'
import type { Source } from './source-process'
import type { TargetKind } from './targets'

/** A file and what AEM would name as its SHA-1. */
export type KnownFile = BenchFile & { sha1: string }

/** Files to copy, and how many at once. */
export type Shape = { name: string; title: string; files: readonly KnownFile[]; concurrency: number }

/** One way of copying. */
export type Copying = {
  shape: Shape
  kind: TargetKind
  source: Source
  /** Between both sides and both of source and destination; undefined for none. */
  latency: Latency | undefined
  /** The bundle of our side. */
  client: string
  /** Whether ours leaves out the comparison with AEM's SHA-1. */
  isUnchecked: boolean
  /** Folder for CPU profiles of our side. */
  profiles: string | undefined
}

/**
 * Copies the files once, by a new process and to a new server.
 * @throws {Error} when the process fails, or a file is not there with all of its bytes
 */
export async function copyOnce(side: 'ours' | 'rclone', copying: Copying): Promise<Measured> {
  const { kind, shape, latency, source } = copying
  const target = await kind.start()
  const work = await mkdtemp(join(tmpdir(), 'bridge-bench-list-'))
  try {
    const port = target.port === undefined ? undefined : await through(latency, target.port)
    const author = `http://127.0.0.1:${await through(latency, source.port)}`
    const { inputs, remote } = target.at(port)
    const { AWS_CA_BUNDLE: _, ...env } = process.env
    const { files, concurrency } = shape
    let measured: Measured
    if (side === 'ours') measured = await measure(productionNode, ours(copying, author, inputs), env)
    else {
      const list = join(work, 'list.txt')
      await writeFile(list, files.map((file) => `${file.name}\n`).join(''))
      const job = { source: author, token: 'bench', list, remote, transfers: concurrency }
      measured = await measure('rclone', rcloneArgs(job), { ...env, RCLONE_CONFIG: '/dev/null' })
    }
    for (const file of files) {
      if ((await target.sha1(file.name)) !== file.sha1)
        throw new Error(`${side}: ${kind.name} holds other bytes than ${file.name}`)
    }
    return measured
  } finally {
    await target.close()
    await rm(work, { recursive: true })
  }
}

const through = async (latency: Latency | undefined, port: number): Promise<number> =>
  latency === undefined ? port : latency.to(port)

function ours(
  { client, isUnchecked, profiles, kind, shape }: Copying,
  author: string,
  inputs: Record<string, string>,
): string[] {
  const job: ClientJob = {
    author,
    destination: kind.name,
    inputs,
    files: shape.files.map(({ name, size, sha1 }) => ({
      name,
      size,
      version: sha1,
      ...(isUnchecked ? {} : { sha1 }),
    })),
    concurrency: shape.concurrency,
  }
  const profile = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  return [...profile, client, JSON.stringify(job)]
}
