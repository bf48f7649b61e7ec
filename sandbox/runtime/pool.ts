import { type Container, type ContainerAnswer, startContainer } from './container'

/** A container that is ready for one more activation. */
export type Slot = {
  container: Container
  /** Set when the container was started for this activation. */
  cold: boolean
  /** From the start of the process until it listened, in ms; 0 for a warm container. */
  startMs: number
  /** The answer of `/init`: the first activation waits for it, the others share it. */
  initialized: Promise<ContainerAnswer>
  /** Gives the slot back. */
  release(): void
  /** Takes the container out of the pool and kills it, with every activation in it. */
  destroy(): Promise<void>
}

/** The containers of one action. */
export type Pool = {
  /** A slot in a warm container, else in a new one; waits while `maxContainers` are full. */
  acquire(): Promise<Slot>
  /** Kills all containers; the next activation is a cold start. */
  destroyAll(): Promise<void>
  /** Kills all containers and starts no others: waiting activations fail. */
  close(): Promise<void>
  coldStarts(): number
}

type Member = {
  starting: Promise<{ container: Container; startMs: number; initialized: Promise<ContainerAnswer> }>
  busy: number
}

/** An empty pool. `init` is called once for each new container. */
export const createPool = (options: {
  concurrency: number
  maxContainers: number
  memoryMb: number
  env: Record<string, string>
  init: (container: Container) => Promise<ContainerAnswer>
  log: (text: string) => void
}): Pool => {
  const { concurrency, maxContainers } = options
  let members: Member[] = []
  let started = 0
  let closed = false
  const waiting: (() => void)[] = []

  const startMember = (): Member => {
    started += 1
    const begin = performance.now()
    const starting = startContainer(options).then((container) => {
      const startMs = performance.now() - begin
      return { container, startMs, initialized: options.init(container) }
    })
    return { starting, busy: 0 }
  }

  const wake = (): void => {
    for (const next of waiting.splice(0)) next()
  }

  const drop = (member: Member): void => {
    members = members.filter((it) => it !== member)
    wake()
  }

  const acquire = async (): Promise<Slot> => {
    if (closed) throw new Error('The runtime stand-in is closed')
    let member = members.find((it) => it.busy < concurrency)
    if (member === undefined && members.length >= maxContainers) {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return acquire()
    }
    const cold = member === undefined
    if (member === undefined) {
      member = startMember()
      members.push(member)
    }
    const mine = member
    mine.busy += 1
    try {
      const { container, startMs, initialized } = await mine.starting
      if (!container.alive()) {
        // it died while idle: no activation is lost
        drop(mine)
        return acquire()
      }
      return {
        container,
        cold,
        startMs: cold ? startMs : 0,
        initialized,
        release: () => {
          mine.busy -= 1
          wake()
        },
        destroy: () => {
          drop(mine)
          return container.kill()
        },
      }
    } catch (error) {
      drop(mine)
      throw error
    }
  }

  const destroyAll = async (): Promise<void> => {
    const doomed = members
    for (const member of doomed) drop(member)
    await Promise.all(doomed.map(async ({ starting }) => (await starting).container.kill()))
  }

  return {
    acquire,
    destroyAll,
    close: () => {
      closed = true
      return destroyAll()
    },
    coldStarts: () => started,
  }
}
