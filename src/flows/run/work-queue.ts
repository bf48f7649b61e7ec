import type { Clock } from '../../core/clock'
import { jsonBytes } from '../../core/json'
import type { Outcome } from '../outcome'
import type { Work } from '../work'
import { joined, type UnitOfWork } from './accounts'
import { isNew, type Sort } from './sort'

/** A unit of work in the queue. */
export type Job = {
  unit: UnitOfWork
  /** Jobs of one subject are done one after the other, in the order of arrival. */
  subject: string | undefined
  /** Consecutive jobs of one subject and kind have the same result: they are merged into one. */
  kind: string
  /**
   * The sort of work, such as parked exports. Each sort has room of its own in the queue and gets its share of the
   * lanes, so that one that is slow or plentiful holds up no other.
   */
  sort: Sort
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
  /** Adds a job; waits while there are too many of its sort. @throws what ended the work */
  add(job: Job): Promise<void>
  /** Whether one more of this sort can be added without waiting. */
  hasRoom(sort: Sort): boolean
  /** Resolves when something is done, or the queue is stopped. */
  changed(): Promise<void>
  /** Whether nothing waits and nothing runs. */
  isIdle(): boolean
  isStopped(): boolean
  /** Waits until everything is done. @throws what ended the work */
  idle(): Promise<void>
  /** Drops the jobs that have not begun. Jobs that have begun are finished. */
  stop(reason?: unknown): void
  /** The jobs that have begun and are not done; an `accountFor` that is set there is called instead. */
  running(): readonly Entry[]
}

/** The most that waits in memory of one sort, in bytes of events. There are four sorts, as a rule. */
const maxWeight = 5 * 1024 * 1024
/** For taking turns. */
type Turns = { running: number; usedMs: number; served: number }

/**
 * Creates a queue that works at once on whatever is added. A free lane takes the sort of work that has the fewest lanes;
 * of several such sorts the one that has used the least time.
 * @param options.maxWaiting of each sort
 * @param options.mayAdd whether one more that is new may be added to those that are not done; with none of them, it may
 */
export function createWorkQueue(
  lanes: readonly Lane[],
  accountFor: AccountFor,
  options: {
    maxWaiting: number
    mayAdd: (undone: readonly UnitOfWork[]) => boolean
    clock: Pick<Clock, 'now'>
  },
): WorkQueue {
  const { maxWaiting, mayAdd, clock } = options
  const waiting = new Map<Sort, Entry[]>()
  const turns = new Map<Sort, Turns>()
  /** The waiting jobs of each subject, in the order of arrival. */
  const lines = new Map<string, Entry[]>()
  const busy = new Set<string>()
  const running = new Set<Entry>()
  const free = [...lanes]
  let failure: { reason: unknown } | undefined
  let isStopped = false
  let wakers: (() => void)[] = []

  return {
    ready,
    add,
    hasRoom,
    changed: change,
    idle,
    isIdle,
    isStopped: () => isStopped,
    stop,
    running: () => [...running],
  }

  async function ready(): Promise<void> {
    while ((isAnyFull() || isCrowded()) && !isStopped) await change()
    throwIfFailed()
  }

  function isCrowded(): boolean {
    const undone = [...[...waiting.values()].flat(), ...running].map(({ unit }) => unit)
    return undone.length > 0 && !mayAdd(undone)
  }

  function isAnyFull(): boolean {
    return [...waiting.keys()].some((sort) => isNew(sort) && !hasRoom(sort))
  }

  async function add(job: Job): Promise<void> {
    while (!hasRoom(job.sort) && !isStopped) await change()
    throwIfFailed()
    if (isStopped) return
    const { subject, kind, unit, sort } = job
    const added = Math.min(maxWeight, jsonBytes(unit.work.event))
    const line = subject === undefined ? [] : entriesOf(lines, subject)
    const last = line.at(-1)
    if (last !== undefined && last.kind === kind && last.sort === sort) {
      // The flow reads the current asset, so one run covers both events.
      last.unit = joined(unit, last.unit)
      last.weight = added
    } else {
      const entry: Entry = { ...job, weight: added, accountFor }
      entriesOf(waiting, sort).push(entry)
      line.push(entry)
    }
    dispatch()
  }

  function hasRoom(sort: Sort): boolean {
    const entries = waiting.get(sort) ?? []
    if (entries.length >= maxWaiting) return false
    return entries.reduce((sum, { weight }) => sum + weight, 0) < maxWeight
  }

  async function idle(): Promise<void> {
    while (!isIdle()) await change()
    throwIfFailed()
  }

  function stop(reason?: unknown): void {
    if (reason !== undefined) failure ??= { reason }
    isStopped = true
    waiting.clear()
    lines.clear()
    wake()
  }

  function isIdle(): boolean {
    return running.size === 0 && (isStopped || !isAnyWaiting())
  }

  function isAnyWaiting(): boolean {
    return [...waiting.values()].some((entries) => entries.length > 0)
  }

  function dispatch(): void {
    for (let index = 0; index < free.length && isAnyWaiting(); ) {
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
    while (entries.length < lane.size) {
      const entry = next(lane)
      if (entry === undefined) break
      const { sort, subject } = entry
      remove(entriesOf(waiting, sort), entry)
      if (subject !== undefined) {
        lines.get(subject)?.shift()
        if (lines.get(subject)?.length === 0) lines.delete(subject)
        busy.add(subject)
      }
      running.add(entry)
      const turn = turnsOf(sort)
      turn.running += 1
      turn.served += 1
      entries.push(entry)
    }
    return entries
  }

  /** The next job for a lane. A job waits for those of its subject that came before it. */
  function next(lane: Lane): Entry | undefined {
    const ready = ({ subject, isLocal }: Entry, index: number, all: readonly Entry[]): boolean =>
      (lane.isLocal || !isLocal) &&
      (subject === undefined || (!busy.has(subject) && lines.get(subject)?.[0] === all[index]))
    const sorts = [...waiting.keys()].sort((one, other) => {
      const [a, b] = [turnsOf(one), turnsOf(other)]
      return a.running - b.running || a.usedMs - b.usedMs || a.served - b.served
    })
    for (const sort of sorts) {
      const entry = entriesOf(waiting, sort).find(ready)
      if (entry !== undefined) return entry
    }
    return undefined
  }

  function turnsOf(sort: Sort): Turns {
    const turn = turns.get(sort) ?? { running: 0, usedMs: 0, served: 0 }
    turns.set(sort, turn)
    return turn
  }

  async function work(lane: Lane, entries: readonly Entry[]): Promise<void> {
    const began = clock.now()
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
        const turn = turnsOf(entry.sort)
        turn.running -= 1
        turn.usedMs += (clock.now() - began) / entries.length
      }
    }
  }

  function again(entry: Entry): void {
    entry.isLocal = true
    entriesOf(waiting, entry.sort).unshift(entry)
    if (entry.subject !== undefined) entriesOf(lines, entry.subject).unshift(entry)
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

function entriesOf<K>(map: Map<K, Entry[]>, key: K): Entry[] {
  const entries = map.get(key) ?? []
  map.set(key, entries)
  return entries
}

function remove(entries: Entry[], entry: Entry): void {
  entries.splice(entries.indexOf(entry), 1)
}
