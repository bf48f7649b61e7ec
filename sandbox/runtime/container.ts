import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the proxy writes behind the log of each activation, on a line of its own. */
export const MARKER = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX'

/** How a container's HTTP call ended. */
export type ContainerAnswer =
  | { kind: 'answer'; status: number; body: string }
  | { kind: 'timeout' }
  /** The process is gone, or the connection broke. */
  | { kind: 'gone'; outOfMemory: boolean }

/** A line that a container wrote. */
export type LogLine = { stream: 'stdout' | 'stderr'; text: string }

/** One process that holds one loaded action. */
export type Container = {
  pid: number
  alive(): boolean
  /** The lines that it wrote so far, without markers. */
  lines: readonly LogLine[]
  /** POSTs to `/init` or `/run`, and gives up after so many milliseconds. */
  post(path: '/init' | '/run', message: unknown, timeoutMs: number): Promise<ContainerAnswer>
  /** Waits until the logs of the activations that ended have arrived. */
  logsSettled(): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
}

const portFrom = (child: ChildProcess, channel: Duplex): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`The container ended before it listened (exit code ${code})`)),
    )
    channel.once('data', (data: Buffer) => resolve(Number(data.toString())))
  })

/**
 * Starts the process; nothing of this process's environment gets in but what `env` names. `log` gets all of
 * stdout and stderr. Rejects when the process does not come to listen.
 */
export const startContainer = async (options: {
  env: Record<string, string>
  memoryMb: number
  log: (text: string) => void
  /** The Node that runs it. @default this process's */
  node?: string
}): Promise<Container> => {
  const proxy = join(__dirname, 'proxy.cjs')
  const system = { PATH: process.env.PATH ?? '', HOME: tmpdir() }
  const child = spawn(options.node ?? process.execPath, [`--max-old-space-size=${options.memoryMb}`, proxy], {
    env: { ...system, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let alive = true
  let outOfMemory = false
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      alive = false
      resolve()
    })
  })
  const markers = { stdout: 0, stderr: 0 }
  const lines: LogLine[] = []
  let ended = 0
  for (const name of ['stdout', 'stderr'] as const) {
    let tail = ''
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      options.log(text)
      // a marker, or V8's last words, may be split between two chunks
      const seen = tail + text
      markers[name] += seen.split(MARKER).length - 1
      if (seen.includes('JavaScript heap out of memory')) outOfMemory = true
      tail = seen.slice(seen.lastIndexOf('\n') + 1)
      lines.push(
        ...seen
          .split('\n')
          .slice(0, -1)
          .filter((line) => line !== MARKER)
          .map((line) => ({ stream: name, text: line })),
      )
    })
  }
  const channel = child.stdio[3] as Duplex
  channel.on('error', () => undefined)
  const port = await portFrom(child, channel)

  const post: Container['post'] = (path, message, timeoutMs) =>
    new Promise((resolve) => {
      const body = JSON.stringify(message)
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false })
      const timer = setTimeout(() => {
        resolve({ kind: 'timeout' })
        call.destroy()
      }, timeoutMs)
      const lost = async (): Promise<void> => {
        clearTimeout(timer)
        // a process that died of memory says so on stderr, a moment later
        await Promise.race([gone, sleep(2000, undefined, { ref: false })])
        resolve({ kind: 'gone', outOfMemory })
      }
      call.once('error', lost)
      call.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', lost)
        response.once('end', () => {
          clearTimeout(timer)
          const status = response.statusCode ?? 0
          if (path === '/run' || status !== 200) ended += 1
          resolve({ kind: 'answer', status, body: Buffer.concat(chunks).toString('utf8') })
        })
      })
      call.end(body)
    })

  return {
    pid: child.pid ?? -1,
    lines,
    alive: () => alive,
    post,
    logsSettled: async () => {
      for (let i = 0; i < 100 && alive && Math.min(markers.stdout, markers.stderr) < ended; i += 1)
        await sleep(2)
    },
    kill: async () => {
      child.kill('SIGKILL')
      channel.destroy()
      await gone
    },
  }
}
