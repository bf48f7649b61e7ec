import { startAttempt } from '../core/attempt'
import type { CallContext, MemoryHold } from '../core/call-context'

/** Limits the memory that answers of other systems fill in this process. */
export type MemoryGate = {
  /**
   * Runs a step of work as soon as there is memory for it, first come first served. What its requests read counts until
   * the step has ended. A step that reads more than is free is aborted, and run again once that much is free. A step
   * that needs more than there is at all runs alone. A step inside a step belongs to the outer one.
   * @param lane the system that is read: what is not known yet about its steps keeps no step of another system waiting
   * @param step may run several times, until it commits; it has to use its own call for all requests
   * @throws what the step throws; the signal's reason, when it aborts while the step waits
   */
  run<T>(lane: string, call: CallContext, step: (own: CallContext) => Promise<T>): Promise<T>
}

/**
 * In bytes as they are received. A byte costs several bytes of memory, as text and as values, until it is collected;
 * `test/actions/generic-memory.test.ts` measures that. The smallest container has 256 MB.
 */
const usualBytes = 12 * 1024 * 1024
/** What a step is expected to read before the first answers are known, and what the least is. */
const firstEstimate = 512 * 1024
const leastEstimate = 16 * 1024
/** Of the difference, when an answer is smaller than expected. */
const shareForgotten = 1 / 8

type Held = {
  lane: string
  /** What it waited for; 0 when its size was not known. */
  reserved: number
  taken: number
  /** Its size is known. */
  isMeasured: boolean
  isCommitted: boolean
}
/** @property needs in bytes; undefined while the size is not known */
type Waiter = { ticket: number; lane: string; needs: number | undefined; begin: (held: Held) => void }

/** Aborts a step that reads more than is free. */
class NotEnoughMemory extends Error {
  override readonly name = 'NotEnoughMemory'
  readonly needs: number

  constructor(needs: number) {
    super(`an answer has to wait until ${needs} bytes of memory are free`)
    this.needs = needs
  }
}

/**
 * Creates a gate. A step never waits while it holds memory, nor while it holds a connection, so no two steps wait for
 * each other.
 * @param bytes what may be held at once
 */
export function createMemoryGate(bytes = usualBytes): MemoryGate {
  const holds = new Set<Held>()
  const waiting: Waiter[] = []
  const estimates = new Map<string, number>()
  let tickets = 0

  return { run }

  async function run<T>(lane: string, call: CallContext, step: (own: CallContext) => Promise<T>): Promise<T> {
    if (call.memory !== undefined) return step(call)
    tickets += 1
    const place = { ticket: tickets, lane }
    let end = await admitAndRun({ ...place, needs: undefined }, call, step)
    while ('needs' in end) end = await admitAndRun({ ...place, needs: end.needs }, call, step)
    return end.result
  }

  /** @returns how many bytes have to be free, when the step was given up */
  async function admitAndRun<T>(
    about: Omit<Waiter, 'begin'>,
    call: CallContext,
    step: (own: CallContext) => Promise<T>,
  ): Promise<{ result: T } | { needs: number }> {
    call.signal.throwIfAborted()
    const held = await admitted(about, call.signal)
    const attempt = startAttempt(call.signal, Number.POSITIVE_INFINITY)
    try {
      call.signal.throwIfAborted()
      const result = await step({ ...call, signal: attempt.signal, memory: holdOf(held, attempt.cancel) })
      measure(held)
      return { result }
    } catch (thrown) {
      call.signal.throwIfAborted()
      const { reason } = attempt.signal
      if (reason instanceof NotEnoughMemory) return { needs: reason.needs }
      throw thrown
    } finally {
      attempt.release()
      holds.delete(held)
      next()
    }
  }

  function holdOf(held: Held, giveUp: (reason: Error) => void): MemoryHold {
    return {
      take(more) {
        const others = heldBytes() - weightOf(held)
        held.taken += more
        if (more <= 0) return next()
        if (held.isCommitted || others === 0 || others + weightOf(held) <= bytes) return
        measure(held)
        // Where the length of an answer is not announced, the next try must not end a few bytes further.
        const needs = Math.max(held.taken, estimateOf(held.lane), 2 * held.reserved)
        giveUp(new NotEnoughMemory(Math.min(needs, bytes)))
      },
      commit() {
        held.isCommitted = true
        measure(held)
      },
    }
  }

  /** The estimate follows a larger step at once, and smaller ones slowly. */
  function measure(held: Held): void {
    if (held.isMeasured) return
    held.isMeasured = true
    const { lane, taken } = held
    const before = estimateOf(lane)
    const now = taken > before ? taken : before - (before - taken) * shareForgotten
    estimates.set(lane, Math.min(Math.max(now, leastEstimate), bytes))
    next()
  }

  function estimateOf(lane: string): number {
    return estimates.get(lane) ?? Math.min(firstEstimate, bytes)
  }

  function admitted(about: Omit<Waiter, 'begin'>, signal: AbortSignal): Promise<Held> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(waiter), 1)
        reject(signal.reason)
        next()
      }
      const waiter: Waiter = {
        ...about,
        begin(held) {
          signal.removeEventListener('abort', onAbort)
          resolve(held)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      // One that has to wait once more keeps its place.
      const behind = waiting.findIndex(({ ticket }) => ticket > waiter.ticket)
      waiting.splice(behind < 0 ? waiting.length : behind, 0, waiter)
      next()
    })
  }

  function next(): void {
    if (waiting.length === 0) return
    let used = heldBytes()
    const expected = expectedByLane()
    const full = new Set<string>()
    for (const waiter of [...waiting]) {
      const { lane, needs } = waiter
      if (full.has(lane)) continue
      const inLane = needs === undefined ? (expected.get(lane) ?? 0) : 0
      const wanted = needs ?? inLane + estimateOf(lane)
      if (holds.size > 0 && used + wanted > bytes) {
        // Only a lane's own expectations keep it back; real bytes keep everybody back, or a large step never began.
        if (inLane === 0) return
        full.add(lane)
        continue
      }
      waiting.splice(waiting.indexOf(waiter), 1)
      const held = {
        lane,
        reserved: needs ?? 0,
        taken: 0,
        isMeasured: needs !== undefined,
        isCommitted: false,
      }
      holds.add(held)
      used += held.reserved
      if (needs === undefined) expected.set(lane, wanted)
      waiter.begin(held)
    }
  }

  function heldBytes(): number {
    let sum = 0
    for (const held of holds) sum += weightOf(held)
    return sum
  }

  /** What the steps whose size is not known yet are expected to read in addition, by lane. */
  function expectedByLane(): Map<string, number> {
    const sums = new Map<string, number>()
    for (const { lane, taken, isMeasured } of holds)
      if (!isMeasured) sums.set(lane, (sums.get(lane) ?? 0) + Math.max(0, estimateOf(lane) - taken))
    return sums
  }
}

const weightOf = ({ reserved, taken }: Held): number => Math.max(reserved, taken)
