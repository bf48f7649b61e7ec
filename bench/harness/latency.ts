import { fork } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/command'

/** A network of some latency, in a process of its own. */
export type Latency = {
  /** @returns the port of this machine that leads to `port` with the latency */
  to(port: number): Promise<number>
  close(): void
}

/** Starts it. @param roundTripMs what a question and its answer take besides */
export function startLatency(roundTripMs: number): Latency {
  const child = fork(join(root, 'bench/harness/latency-process.ts'), [`${roundTripMs}`], {
    cwd: root,
    execArgv: ['--import', 'tsx'],
  })
  const waiting = new Map<number, (found: number | Error) => void>()
  child.on('message', (answer: unknown) => {
    if (!Array.isArray(answer)) return
    const [port, leading]: unknown[] = answer
    if (typeof port === 'number' && typeof leading === 'number') waiting.get(port)?.(leading)
  })
  const fail = (error: Error): void => {
    for (const settle of waiting.values()) settle(error)
  }
  child.once('error', fail)
  child.once('exit', (code) => fail(new Error(`the network of ${roundTripMs} ms ended with ${code}`)))
  return {
    async to(port) {
      const found = new Promise<number | Error>((resolve) => waiting.set(port, resolve))
      child.send(port)
      const leading = await found
      waiting.delete(port)
      if (leading instanceof Error) throw leading
      return leading
    },
    close: () => child.kill(),
  }
}
