import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../scripts/command'
import { median } from '../../scripts/load-time'
import { bundleClient } from '../export/bundle'
import type { ClientJob } from '../export/client'
import { type BenchFile, sha1Of } from '../export/content'
import { type Target, targets } from '../export/targets'
import { type Measured, measure } from '../harness/measure'
import { productionNode } from '../production-node'
import { writeResult } from '../report'

const mebibyte = 1024 * 1024
const pairs = 3
const isUnchecked = process.argv.includes('--unchecked')
const inMemory = '/dev/shm'

type Shape = { name: string; files: BenchFile[]; concurrency: number }
type KnownFile = BenchFile & { sha1: string }
type Side = 'ours' | 'rclone'

/**
 * Copies files from a stand-in of AEM to each destination: ours against rclone, in turn, start-up counted on both
 * sides, every byte checked afterwards. `--quick` takes less; `--only=azure,s3`, `--shape=big`, `--pairs=5` choose.
 * Ours also compares what it reads with AEM's SHA-1, for which rclone has no counterpart: `--unchecked` leaves that out.
 * What arrives is kept in memory where the machine can, for ours flushes files to the disk and rclone does not; set
 * TMPDIR to have it elsewhere.
 */
export async function exportFiles(): Promise<void> {
  const quick = process.argv.includes('--quick')
  if (existsSync(inMemory)) process.env.TMPDIR ??= inMemory
  const only = option('only')?.split(',') ?? Object.keys(targets)
  const rounds = Number(option('pairs') ?? pairs)
  const hasRclone = rcloneVersion()
  if (hasRclone === undefined) console.log('rclone is not installed: nothing to compare with')
  const client = await bundleClient()
  const rows: Record<string, unknown>[] = []
  for (const shape of shapes(quick).filter(({ name }) => name === (option('shape') ?? name))) {
    const files = shape.files.map((file) => ({ ...file, sha1: sha1Of(file) }))
    const source = await startSource(shape.files)
    try {
      for (const name of only) {
        const start = targets[name]
        if (start === undefined) throw new Error(`no destination named ${name}`)
        const samples: Record<Side, Measured[]> = { ours: [], rclone: [] }
        for (let round = 0; round < rounds; round++) {
          const sides: Side[] = round % 2 === 0 ? ['ours', 'rclone'] : ['rclone', 'ours']
          for (const side of sides) {
            if (side === 'rclone' && hasRclone === undefined) continue
            const measured = await runOnce(side, { name, start, client, source: source.url, files, shape })
            console.log(`${name} ${shape.name} ${side}: ${(measured.ms / 1000).toFixed(1)} s`)
            samples[side].push(measured)
          }
        }
        rows.push(summary(name, shape, samples))
      }
    } finally {
      source.child.kill()
    }
  }
  print(rows)
  await writeResult('export', { quick, pairs: rounds, rclone: hasRclone, rows })
}

type Run = {
  name: string
  start: () => Promise<Target>
  client: string
  source: string
  files: KnownFile[]
  shape: Shape
}

async function runOnce(side: Side, { name, start, client, source, files, shape }: Run): Promise<Measured> {
  const target = await start()
  const work = await mkdtemp(join(tmpdir(), 'bridge-bench-list-'))
  try {
    const job: ClientJob = {
      author: source,
      destination: name,
      inputs: target.inputs,
      files: files.map(({ name: key, size, sha1 }) => ({
        name: key,
        size,
        version: sha1,
        ...(isUnchecked ? {} : { sha1 }),
      })),
      concurrency: shape.concurrency,
    }
    const list = join(work, 'list.txt')
    await writeFile(list, files.map((file) => `${file.name}\n`).join(''))
    const { AWS_CA_BUNDLE: _, ...env } = process.env
    const measured =
      side === 'ours'
        ? await measure(productionNode, [client, JSON.stringify(job)], env)
        : await measure('rclone', rcloneArgs(source, target.remote, list, shape.concurrency), {
            ...env,
            RCLONE_CONFIG: '/dev/null',
          })
    for (const file of files) {
      if ((await target.sha1(file.name)) !== file.sha1)
        throw new Error(`${side}: ${name} holds other bytes than ${file.name}`)
    }
    return measured
  } finally {
    await target.close()
    await rm(work, { recursive: true })
  }
}

function rcloneArgs(source: string, remote: string, list: string, transfers: number): string[] {
  const from = ['--http-url', `${source}/`, '--http-headers', 'Authorization,Bearer bench', ':http:', remote]
  const files = ['--files-from', list, '--no-traverse', '--ignore-times']
  const effort = [
    '--transfers',
    `${transfers}`,
    '--checkers',
    `${transfers}`,
    '--retries',
    '1',
    '--low-level-retries',
    '1',
  ]
  return ['copy', ...from, ...files, ...effort]
}

function shapes(quick: boolean): Shape[] {
  const big = quick ? 64 * mebibyte : 1024 * mebibyte
  const count = quick ? 30 : 300
  const small = Array.from({ length: count }, (_, index) => ({
    name: `small-${index}.bin`,
    seed: index + 1,
    size: mebibyte,
  }))
  return [
    { name: 'big', files: [{ name: 'big.bin', seed: 0, size: big }], concurrency: 1 },
    { name: 'small', files: small, concurrency: 8 },
  ]
}

function startSource(files: readonly BenchFile[]): Promise<{ url: string; child: ChildProcess }> {
  const script = join(root, 'bench/export/source.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(files)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the source ended with ${code}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      const port = /ready (\d+)/.exec(chunk.toString())?.[1]
      if (port !== undefined) resolve({ url: `http://127.0.0.1:${port}`, child })
    })
  })
}

function summary(name: string, shape: Shape, samples: Record<Side, Measured[]>): Record<string, unknown> {
  const size = shape.files.reduce((sum, file) => sum + file.size, 0) / mebibyte
  const speed = (side: Side): number => size / (median(samples[side].map(({ ms }) => ms)) / 1000)
  const rss = (side: Side): number => Math.max(0, ...samples[side].map(({ peakRssMb }) => peakRssMb))
  const ratios = samples.rclone.map(({ ms }, index) => ms / (samples.ours[index]?.ms ?? Number.NaN))
  const cpu = (side: Side): number =>
    samples[side].length > 0 ? median(samples[side].map(({ cpuMs }) => cpuMs)) / 1000 : 0
  return {
    destination: name,
    shape: shape.name,
    oursMBs: speed('ours'),
    rcloneMBs: ratios.length > 0 ? speed('rclone') : undefined,
    ratio: ratios.length > 0 ? median(ratios) : undefined,
    ratios,
    oursRssMb: rss('ours'),
    rcloneRssMb: rss('rclone'),
    oursCpuS: cpu('ours'),
    rcloneCpuS: cpu('rclone'),
  }
}

function print(rows: readonly Record<string, unknown>[]): void {
  const columns = [
    'destination',
    'shape',
    'oursMBs',
    'rcloneMBs',
    'ratio',
    'oursRssMb',
    'rcloneRssMb',
    'oursCpuS',
    'rcloneCpuS',
  ]
  console.log(columns.map((column) => column.padStart(13)).join(''))
  for (const row of rows)
    console.log(columns.map((column) => shown(row[column]).padStart(13)).join(''), ratiosOf(row))
}

const ratiosOf = (row: Record<string, unknown>): string =>
  `[${(row.ratios as number[]).map((r) => r.toFixed(2)).join(' ')}]`

const shown = (value: unknown): string =>
  typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : String(value ?? '-')

const option = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)

function rcloneVersion(): string | undefined {
  try {
    return execFileSync('rclone', ['version'], { encoding: 'utf8' }).split('\n')[0]
  } catch {
    return undefined
  }
}
