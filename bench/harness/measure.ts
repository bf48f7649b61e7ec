import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { profiledEnv } from './profiled-env'

/** What a process needed, from its start to its end. */
export type Measured = {
  ms: number
  peakRssMb: number
  /** User and system time of the process itself; what it starts is not in it. */
  cpuMs: number
  /** What of it was used when the moment came that was asked for. */
  before: { ms: number; cpuMs: number }
  stdout: string
}

const pollMs = 10

/**
 * Runs a command to its end.
 * @param moment when what the process does at its start is over @default its start
 * @throws {Error} with what it printed, when it fails
 */
export function measure(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  moment?: Promise<void>,
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(command, args, {
      env: { ...env, ...profiledEnv },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let peakRssMb = 0
    let cpuMs = 0
    const poll = setInterval(() => {
      peakRssMb = Math.max(peakRssMb, highWaterMb(child.pid))
      cpuMs = Math.max(cpuMs, usedCpuMs(child.pid))
    }, pollMs)
    let before = { ms: 0, cpuMs: 0 }
    void moment?.then(() => {
      before = { ms: performance.now() - started, cpuMs: usedCpuMs(child.pid) }
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      const ms = performance.now() - started
      clearInterval(poll)
      if (code === 0) resolve({ ms, peakRssMb, cpuMs, before, stdout })
      else reject(new Error(`${command} ended with ${code}: ${stdout}${stderr}`))
    })
  })
}

/** The kernel's own high-water mark; 0 where there is no /proc. */
function highWaterMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** User and system time so far; the kernel counts it in hundredths of a second. 0 where there is no /proc. */
export function usedCpuMs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}
