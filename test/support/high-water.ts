import { readFileSync } from 'node:fs'

/**
 * The most memory that this process ever had, in bytes. By the kernel's own mark where there is one: `maxRSS` begins
 * with what the parent had when it started the process.
 */
export function highWaterBytes(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1]
    if (kilobytes !== undefined) return Number(kilobytes) * 1024
  } catch {
    // No Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}
