import { setImmediate as turn } from 'node:timers/promises'
import { startServer } from '../../sandbox/server'
import type { TestClock } from './test-clock'

/** A server that answers when the test says so. */
export type HeldServer = {
  url: string
  /** How many requests are waiting for their answers, once as many as are awaited are there, or time enough for more. */
  underWay(awaited: number): Promise<number>
  /** Answers all that wait now; `body` is that of the answer. */
  answerAll(body: string): void
  close(): Promise<void>
}

/** Turns of the event loop in which what was sent over this machine's network arrives. */
const usualTurns = 200
const mostTurns = 20_000

export async function startHeldServer(clock: TestClock): Promise<HeldServer> {
  const waiting: ((body: string) => void)[] = []
  const server = await startServer({
    clock,
    handle: () =>
      new Promise((resolve) => {
        waiting.push((body) =>
          resolve({ status: 200, headers: { 'content-type': 'application/json', etag: '"1"' }, body }),
        )
      }),
  })
  const answerAll = (body: string): void => {
    for (const answer of waiting.splice(0)) answer(body)
  }
  return {
    url: server.url,
    async underWay(awaited) {
      for (let left = mostTurns; left > 0 && waiting.length < awaited; left--) await turn()
      for (let left = usualTurns; left > 0; left--) await turn()
      return waiting.length
    },
    answerAll,
    close: () => {
      answerAll('{}')
      return server.close()
    },
  }
}
