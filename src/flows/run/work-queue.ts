import { jsonBytes } from '../../core/json'
import type { Outcome } from '../outcome'
import type { Work } from '../work'
import { joined, type Piece } from './accounts'

/** A piece of work that waits for its turn. */
export type Job = {
  piece: Piece
  /** Jobs of one subject are done one after the other, in the order they came. */
  subject: string | undefined
  /** Jobs of one subject that follow each other and have the same kind lead to the same: they are done as one. */
  kind: string
}

/** Accounts for a piece in the end, whatever the outcome; what it throws ends the whole run. */
export type Settle = (piece: Piece, outcome: Outcome) => Promise<void>

/** A job in the queue. */
export type Entry = Job & {
  /** In bytes. */
  weight: number
  settle: Settle
  /** Set when a lane for the others could not do it. */
  isLocal?: boolean
}

/** Does jobs, several at a time. */
export type Lane = {
  /** How many jobs it takes at once. */
  size: number
  /** Whether it does those that other lanes could not. */
  isLocal: boolean
  /** In the order of the works; undefined for one that was not done, and has to be done by a local lane. */
  run(works: readonly Work[]): Promise<readonly (Outcome | undefined)[]>
}

export type WorkQueue = {
  /** Waits while there is too much for one more that is new. @throws what ended the work */
  ready(): Promise<void>
  /** Adds a job; waits while there are too many. @throws what ended the work */
  add(job: Job): Promise<void>
  /** Waits until everything is done. @throws what ended the work */
  idle(): Promise<void>
  /** Forgets what has not begun; what has is finished. */
  stop(reason?: unknown): void
  /** Those that have begun and are not done; a `settle` that is put in there is called instead. */
  running(): readonly Entry[]
}

/** What may wait in memory, in bytes of events. */
const maxWeight = 20 * 1024 * 1024

/**
 * Creates a queue that works at once on whatever is added.
 * @param hasRoom whether one more may be added to those that are not done; with none of them, it may
 */
export function createWorkQueue(
  lanes: readonly Lane[],
  maxWaiting: number,
  settle: Settle,
  hasRoom: (undone: readonly Piece[]) => boolean = () => true,
): WorkQueue {
  const waiting: Entry[] = []
  /** The last one of each subject that waits. */
  const lastOf = new Map<string, Entry>()
  const busy = new Set<string>()
  const running = new Set<Entry>()
  /** Of all that waits. */
  let weight = 0
  const free = [...lanes]
  let failure: { reason: unknown } | undefined
  let isStopped = false
  let wakers: (() => void)[] = []

  return { ready, add, idle, stop, running: () => [...running] }

  async function ready(): Promise<void> {
    while ((isFull() || isCrowded()) && !isStopped) await change()
    throwIfFailed()
  }

  function isCrowded(): boolean {
    const undone = [...waiting, ...running].map(({ piece }) => piece)
    return undone.length > 0 && !hasRoom(undone)
  }

  async function add(job: Job): Promise<void> {
    while (isFull() && !isStopped) await change()
    throwIfFailed()
    if (isStopped) return
    const { subject, kind, piece } = job
    const added = Math.min(maxWeight, jsonBytes(piece.work.event))
    const last = subject === undefined ? undefined : lastOf.get(subject)
    if (last !== undefined && last.kind === kind) {
      // What is done looks at the asset as it is, so once is enough.
      last.piece = joined(piece, last.piece)
      weight += added - last.weight
      last.weight = added
    } else {
      const entry: Entry = { ...job, weight: added, settle }
      waiting.push(entry)
      weight += added
      if (subject !== undefined) lastOf.set(subject, entry)
    }
    dispatch()
  }

  function isFull(): boolean {
    return waiting.length >= maxWaiting || weight >= maxWeight
  }

  async function idle(): Promise<void> {
    while (running.size > 0 || (waiting.length > 0 && !isStopped)) await change()
    throwIfFailed()
  }

  function stop(reason?: unknown): void {
    if (reason !== undefined) failure ??= { reason }
    isStopped = true
    waiting.length = 0
    weight = 0
    lastOf.clear()
    wake()
  }

  function dispatch(): void {
    for (let index = 0; index < free.length && waiting.length > 0; ) {
      const lane = free[index]
      const entries = lane === undefined ? [] : take(lane)
      if (lane === undefined || entries.length === 0) {
        index += 1
        continue
      }
      free.splice(index, 1)
      void work(lane, entries).finally(() => {
        free.push(lane)
        dispatch()
        wake()
      })
    }
  }

  function take(lane: Lane): Entry[] {
    const entries: Entry[] = []
    /** What has to wait keeps those that came after it waiting. */
    const passed = new Set<string>()
    for (let index = 0; index < waiting.length && entries.length < lane.size; ) {
      const entry = waiting[index]
      const subject = entry?.subject
      const hasToWait = subject !== undefined && (busy.has(subject) || passed.has(subject))
      if (entry === undefined || hasToWait || (entry.isLocal && !lane.isLocal)) {
        if (subject !== undefined) passed.add(subject)
        index += 1
        continue
      }
      waiting.splice(index, 1)
      weight -= entry.weight
      if (subject !== undefined) {
        if (lastOf.get(subject) === entry) lastOf.delete(subject)
        busy.add(subject)
      }
      running.add(entry)
      entries.push(entry)
    }
    return entries
  }

  async function work(lane: Lane, entries: readonly Entry[]): Promise<void> {
    try {
      const outcomes = await lane.run(entries.map(({ piece }) => piece.work))
      for (const [index, entry] of entries.entries()) {
        const outcome = outcomes[index]
        if (outcome !== undefined) await entry.settle(entry.piece, outcome)
        else if (!isStopped) again(entry)
      }
    } catch (thrown) {
      stop(thrown)
    } finally {
      for (const entry of entries) {
        running.delete(entry)
        if (entry.subject !== undefined) busy.delete(entry.subject)
      }
    }
  }

  function again(entry: Entry): void {
    entry.isLocal = true
    waiting.unshift(entry)
    weight += entry.weight
  }

  function throwIfFailed(): void {
    if (failure !== undefined) throw failure.reason
  }

  function change(): Promise<void> {
    return new Promise((resolve) => wakers.push(resolve))
  }

  function wake(): void {
    const woken = wakers
    wakers = []
    for (const resolve of woken) resolve()
  }
}
