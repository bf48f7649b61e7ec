import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { root } from '../scripts/command'

/** As V8 writes it, as far as it is read. Times are in microseconds. */
const cpuProfile = v.object({
  nodes: v.array(
    v.object({
      id: v.number(),
      callFrame: v.object({ functionName: v.string(), url: v.string(), lineNumber: v.number() }),
    }),
  ),
  samples: v.array(v.number()),
  timeDeltas: v.array(v.number()),
})
type CpuProfile = v.InferOutput<typeof cpuProfile>

/** The processor time of one process, dearest function first. */
export type Profiled = { totalMs: number; functions: readonly { name: string; where: string; ms: number }[] }

const shownFunctions = 15
const shownProcesses = 4

/**
 * `npm run bench -- profile <row> [--options]`: runs our side of a row once, with V8's sampling profiler in each process
 * of Node that ends by itself, and prints where the busiest ones spent their time. The files stay, for Chrome's DevTools.
 * @throws {Error} when the row fails
 */
export async function profile(names: readonly string[], args: readonly string[]): Promise<void> {
  const [row, ...more] = names
  if (row === undefined || more.length > 0)
    throw new Error('Usage: npm run bench -- profile <row> [options of the row]')
  const folder = join(root, 'bench/out/profiles', row)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await runRow([row, '--ours-only', '--rounds=1', `--out=${folder}`, ...args], folder)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.cpuprofile'))
  const processes = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8')
      return { file, ...profiledOf(v.parse(cpuProfile, JSON.parse(text))) }
    }),
  )
  for (const { file, totalMs, functions } of processes
    .sort((a, b) => b.totalMs - a.totalMs)
    .slice(0, shownProcesses)) {
    console.log(`\n${relative(root, join(folder, file))}: ${Math.round(totalMs)} ms of work`)
    for (const { name, where, ms } of functions.slice(0, shownFunctions))
      console.log(`  ${((100 * ms) / totalMs).toFixed(1).padStart(5)} %  ${name}  ${where}`)
  }
}

function runRow(args: readonly string[], folder: string): Promise<void> {
  const options = `--cpu-prof --cpu-prof-dir=${folder}`
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'bench/run.ts'), ...args], {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: options, BENCH_PROFILE: options },
      stdio: 'inherit',
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${args[0]} failed`))))
  })
}

/** What a profile says, without the time in which nothing was done. */
export function profiledOf({ nodes, samples, timeDeltas }: CpuProfile): Profiled {
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, { name: string; where: string; ms: number }>()
  samples.forEach((id, index) => {
    const frame = byId.get(id)
    if (frame === undefined || frame.functionName === '(idle)') return
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName
    const where = frame.url === '' ? '' : `${shownUrl(frame.url)}:${frame.lineNumber + 1}`
    const key = `${name} ${where}`
    const known = times.get(key) ?? { name, where, ms: 0 }
    known.ms += (timeDeltas[index] ?? 0) / 1_000
    times.set(key, known)
  })
  const functions = [...times.values()].sort((a, b) => b.ms - a.ms)
  return { totalMs: functions.reduce((sum, { ms }) => sum + ms, 0), functions }
}

const shownUrl = (url: string): string =>
  url.startsWith('file:')
    ? relative(root, fileURLToPath(url))
    : url.startsWith('/')
      ? relative(root, url)
      : url
