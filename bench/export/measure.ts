import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What a process needed, from its start to its end. */
export type Measured = { ms: number; peakRssMb: number; cpuMs: number }

const pollMs = 10

/**
 * Runs a command to its end.
 * @throws {Error} with what it printed, when it fails
 */
export function measure(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let peakRssMb = 0
    let cpuMs = 0
    const poll = setInterval(() => {
      peakRssMb = Math.max(peakRssMb, highWaterMb(child.pid))
      cpuMs = Math.max(cpuMs, usedCpuMs(child.pid))
    }, pollMs)
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (code) => {
      const ms = performance.now() - started
      clearInterval(poll)
      if (code === 0) resolve({ ms, peakRssMb, cpuMs })
      else reject(new Error(`${command} ended with ${code}: ${output}`))
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

/** User and system time so far; the kernel counts it in hundredths of a second. */
function usedCpuMs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}
