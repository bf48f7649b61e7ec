import { jsonBytes } from '../../core/json'
import type { Outcome } from '../outcome'
import type { Work } from '../work'
import { joined, type UnitOfWork } from './accounts'

/** A unit of work in the queue. */
export type Job = {
  unit: UnitOfWork
  /** Jobs of one subject are done one after the other, in the order of arrival. */
  subject: string | undefined
  /** Consecutive jobs of one subject and kind have the same result: they are merged into one. */
  kind: string
}

/** Accounts for a unit of work, whatever its outcome. An error that it throws ends the whole run. */
export type AccountFor = (unit: UnitOfWork, outcome: Outcome) => Promise<void>

/** A job in the queue. */
export type Entry = Job & {
  /** In bytes. */
  weight: number
  accountFor: AccountFor
  /** Set when a remote lane could not do it. */
  isLocal?: boolean
}

/** Does jobs, several at a time. */
export type Lane = {
  /** How many jobs it takes at once. */
  size: number
  /** Whether it takes the jobs that remote lanes could not do. */
  isLocal: boolean
  /** Outcomes in the order of `works`; undefined for work that was not done, which a local lane then does. */
  run(works: readonly Work[]): Promise<readonly (Outcome | undefined)[]>
}

export type WorkQueue = {
  /** Waits while there is too much for one more that is new. @throws what ended the work */
  ready(): Promise<void>
  /** Adds a job; waits while there are too many. @throws what ended the work */
  add(job: Job): Promise<void>
  /** Waits until everything is done. @throws what ended the work */
  idle(): Promise<void>
  /** Drops the jobs that have not begun. Jobs that have begun are finished. */
  stop(reason?: unknown): void
  /** The jobs that have begun and are not done; an `accountFor` that is set there is called instead. */
  running(): readonly Entry[]
}

/** The most that waits in memory, in bytes of events. */
const maxWeight = 20 * 1024 * 1024

/**
 * Creates a queue that works at once on whatever is added.
 * @param hasRoom whether one more may be added to those that are not done; with none of them, it may
 */
export function createWorkQueue(
  lanes: readonly Lane[],
  maxWaiting: number,
  accountFor: AccountFor,
  hasRoom: (undone: readonly UnitOfWork[]) => boolean = () => true,
): WorkQueue {
  const waiting: Entry[] = []
  /** The last waiting job of each subject. */
  const lastOf = new Map<string, Entry>()
  const busy = new Set<string>()
  const running = new Set<Entry>()
  /** Of all waiting jobs, in bytes. */
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
    const undone = [...waiting, ...running].map(({ unit }) => unit)
    return undone.length > 0 && !hasRoom(undone)
  }

  async function add(job: Job): Promise<void> {
    while (isFull() && !isStopped) await change()
    throwIfFailed()
    if (isStopped) return
    const { subject, kind, unit } = job
    const added = Math.min(maxWeight, jsonBytes(unit.work.event))
    const last = subject === undefined ? undefined : lastOf.get(subject)
    if (last !== undefined && last.kind === kind) {
      // The flow reads the current asset, so one run covers both events.
      last.unit = joined(unit, last.unit)
      weight += added - last.weight
      last.weight = added
    } else {
      const entry: Entry = { ...job, weight: added, accountFor }
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
    /** Subjects with a job that has to wait: their later jobs wait, too. */
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
      const outcomes = await lane.run(entries.map(({ unit }) => unit.work))
      for (const [index, entry] of entries.entries()) {
        const outcome = outcomes[index]
        if (outcome !== undefined) await entry.accountFor(entry.unit, outcome)
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
