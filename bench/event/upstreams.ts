import { join } from 'node:path'
import { type Peer, startPeer } from './child-process'
import { events, type Order, type PimKind, type Ready, ready, type Seen, seen } from './upstreams-messages'

/** The stand-ins of IMS, AEM, two PIMs and State, in another process. */
export type Upstreams = Ready & {
  /** Adds assets in place of those before; an event each, as JSON. @param pim that has their products @default plain */
  add(count: number, latencyMs?: number, pim?: PimKind): Promise<readonly string[]>
  /** Events of the same assets once more. */
  again(latencyMs?: number): Promise<readonly string[]>
  /**
   * What was asked since the events were given.
   * @throws {Error} when an asset does not hold the values of its product, or a request was refused
   */
  look(): Promise<Seen>
  close(): Promise<void>
}

export async function startUpstreams(): Promise<Upstreams> {
  const peer: Peer & { said: Ready } = await startPeer(join(__dirname, 'upstreams-process.ts'), {
    execArgv: ['--import', 'tsx'],
    ready,
  })
  const order = (one: Order): Promise<readonly string[]> => peer.ask(one, events)
  return {
    ...peer.said,
    add: (count, latencyMs = 0, pim = 'plain') => order({ kind: 'add', count, latencyMs, pim }),
    again: (latencyMs = 0) => order({ kind: 'again', latencyMs }),
    look: async () => {
      const looked = await peer.ask({ kind: 'look' } satisfies Order, seen)
      if (looked.wrong.length > 0) throw new Error(`the work was not done: ${looked.wrong.join('; ')}`)
      return looked
    },
    close: peer.close,
  }
}
