import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { MovableClock } from '../../sandbox/clock'
import { type JsonObject, parseJson } from '../../sandbox/json'
import { profiledEnv } from '../harness/profiled-env'
import { productionNode } from '../production-node'

/** A clock that runs faster than time does, for stand-ins and child processes alike. */
export type FastClock = MovableClock & { state(): { begin: number; rate: number; offset: number } }

export function createFastClock(rate: number): FastClock {
  const begin = Date.now()
  let offset = 0
  return {
    now: () => Math.round(begin + (Date.now() - begin) * rate + offset),
    advance: (ms) => {
      offset += ms
    },
    state: () => ({ begin, rate, offset }),
  }
}

/** How an activation came to its end. `maxRssMb` and `cpuMs` are the whole process's. */
export type Ended = { answer: JsonObject; usage: { maxRssMb: number; cpuMs: number } }

/** One activation in a process of its own. */
export type Child = {
  pid: number | undefined
  /** SIGKILL; false when it had ended already. */
  kill(): boolean
  /** Undefined when it was killed. */
  ended: Promise<Ended | undefined>
  /** What it wrote to its log. */
  log(): string
}

/** Starts a built action; `env` is all that it has of an environment. */
export function startChild(options: {
  bundle: string
  params: Record<string, unknown>
  env: Record<string, string>
  clock: FastClock
}): Child {
  const { bundle, params, env, clock } = options
  const job = JSON.stringify({ bundle, params, clock: clock.state() })
  // What Node gives itself in a container of 256 MB.
  const args = ['--max-old-space-size=256', '--max-semi-space-size=1', join(__dirname, 'activation.cjs'), job]
  const child = spawn(productionNode, args, {
    env: { ...env, ...profiledEnv },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let log = ''
  let answer = ''
  let isOver = false
  const keep = (text: string): void => {
    log = (log + text).slice(-20_000)
  }
  child.stdout?.setEncoding('utf8').on('data', keep)
  child.stderr?.setEncoding('utf8').on('data', keep)
  const channel = child.stdio[3] as Readable
  channel.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  const ended = new Promise<Ended | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      isOver = true
      if (signal === 'SIGKILL') return resolve(undefined)
      if (answer === '') return reject(new Error(`the child ended with ${code} and no answer:\n${log}`))
      resolve(parseJson(answer) as Ended)
    })
  })
  return { pid: child.pid, kill: () => !isOver && child.kill('SIGKILL'), ended, log: () => log }
}
