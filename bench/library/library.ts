import { fork } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/command'
import { createFastClock, type FastClock } from '../chaos/child'
import { productionNode } from '../production-node'
import { type Asked, type Counts, type Cpu, firstRequest, type Ready, type StandInOptions } from './protocol'

/** A library with all that stands around it, in another process. */
export type Library = Ready & {
  assets: number
  /**
   * Brings all assets in step, but for each `offEvery`-th of those with a known product; 0: none is off.
   * @returns how many are off
   */
  prepare(offEvery: number): Promise<number>
  /** How many assets of known products lack a fact. */
  lacking(): Promise<number>
  /** Requests since the last call. */
  counts(): Promise<Counts>
  /** Resolves with the first request to AEM since then. */
  asked(): Promise<void>
  /** Processor time so far. */
  cpu(): Promise<Cpu>
  /** The clock of the stand-ins: it runs as time does, and is moved by `prepare` and `advance`. */
  clock: FastClock
  advance(ms: number): Promise<void>
  /** Empties State. */
  forget(): Promise<void>
  close(): Promise<void>
}

const day = 24 * 60 * 60_000

/** @throws {Error} when the stand-ins end before they are asked to */
export async function startLibrary(options: StandInOptions): Promise<Library> {
  const child = fork(join(root, 'bench/library/stand-ins.ts'), [JSON.stringify(options)], {
    cwd: root,
    // Of which the containers of activations are, too.
    execPath: productionNode,
    execArgv: ['--import', 'tsx'],
  })
  const waiting = new Map<number, (value: never) => void>()
  let last = 0
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`the stand-ins ended with ${code}`)))
  })
  ended.catch(() => undefined)
  const ready = await Promise.race([
    ended,
    new Promise<Ready>((resolve) => child.once('message', (told: Ready) => resolve(told))),
  ])
  child.on('message', ({ id, value }: { id: number; value: never }) => waiting.get(id)?.(value))
  const ask = <T>(asked: Omitted<Asked>): Promise<T> => {
    const id = ++last
    child.send({ ...asked, id })
    return Promise.race([ended, new Promise<T>((resolve) => waiting.set(id, resolve))])
  }
  const clock = createFastClock(1)
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await ask({ what: 'advance', ms })
  }
  return {
    ...ready,
    assets: options.assets,
    clock,
    prepare: async (offEvery) => {
      const off = await ask<number>({ what: 'prepare', offEvery })
      // Nothing of it is recent.
      await advance(day)
      return off
    },
    lacking: () => ask({ what: 'lacking' }),
    counts: () => ask({ what: 'counts' }),
    asked: () => new Promise((resolve) => waiting.set(firstRequest, resolve)),
    cpu: () => ask({ what: 'cpu' }),
    advance,
    forget: () => ask({ what: 'forget' }),
    close: async () => {
      await ask({ what: 'close' })
      child.disconnect()
      await ended.catch(() => undefined)
    },
  }
}

type Omitted<T> = T extends { id: number } ? Omit<T, 'id'> : never
