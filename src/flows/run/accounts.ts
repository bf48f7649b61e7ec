import type { Clock } from '../../core/clock'
import type { BridgeError } from '../../core/errors'
import type { Pending } from '../../delivery/pending'
import { type CircuitBreaker, longestAemOutageMs } from '../circuit-breaker'
import { bytesOf, codes, type Outcome, toError, type Undone, undoneOf, verdictOf } from '../outcome'
import { observe, systemOf } from '../systems'
import type { Work } from '../work'
import type { Held } from './held'
import type { Parking } from './parking'

/** Work, and the events and records that it replaces. */
export type UnitOfWork = {
  work: Work
  /** How many events it covers; 0 for parked work, whose event was counted when it was parked. */
  events: number
  /** Set for work that was parked before. */
  record?: Pending | undefined
  /** Ids of the records of older work that this work replaces. */
  replaced: string[]
  /** When its event came, in milliseconds since the epoch, where known. */
  since: number | undefined
  /** Called when it is accounted for. */
  done: (() => void)[]
}

/** Merges the older unit into the newer one. The older one must not be used afterwards. */
export function joined(newer: UnitOfWork, older: UnitOfWork): UnitOfWork {
  const { events, record, replaced, since, done } = older
  if (record !== undefined) replaced.push(record.id)
  replaced.push(...newer.replaced)
  done.push(...newer.done)
  return {
    ...newer,
    events: newer.events + events,
    replaced,
    since: since === undefined || newer.since === undefined ? undefined : Math.min(since, newer.since),
    done,
  }
}

/** The numbers of events of a run, by outcome. */
export type Counts = {
  done: number
  skipped: number
  parked: number
  deadLettered: number
  /** None of these: the run stopped at them, and the next run begins there. */
  failed: number
}

/** Accounts for completed work: done, skipped, dead-lettered, or parked. */
export type Accounts = {
  /**
   * Accounts for a unit of work: for the events it covers, or for the parked record.
   * @throws {BridgeError} when the run has to stop at this unit, which is then not accounted for
   */
  accountFor(unit: UnitOfWork, outcome: Outcome): Promise<void>
  /** Parks the work that was deferred while it was unknown whether AEM is down. */
  release(): Promise<void>
  /** How many pieces are held back. */
  heldBack(): number
  counts: Counts
  bytes(): number
}

/** Creates the accounts of one run. */
export function createAccounts(parts: {
  breaker: CircuitBreaker
  parking: Parking
  held: Held
  clock: Clock
}): Accounts {
  const { breaker, parking, held, clock } = parts
  const counts: Counts = { done: 0, skipped: 0, parked: 0, deadLettered: 0, failed: 0 }
  const deferred: (() => Promise<void>)[] = []
  let bytes = 0

  return { accountFor, release, heldBack: () => deferred.length, counts, bytes: () => bytes }

  async function accountFor(unit: UnitOfWork, outcome: Outcome): Promise<void> {
    const { work, record, replaced, events } = unit
    bytes += bytesOf(outcome)
    observe(breaker, work, outcome, record?.refused)
    const verdict = verdictOf(outcome)
    if (verdict !== 'again') {
      for (const id of record === undefined ? replaced : [...replaced, record.id]) await parking.remove(id)
      await parking.forget(work)
      counts[verdict === 'dead-letter' ? 'deadLettered' : verdict] += events
      finish(unit)
      if (breaker.hasWorked('AEM')) await release()
      return
    }
    const undone = undoneOf(outcome, work.destination)
    const fatal = undone.map((one) => fatalError(unit, one)).find(Boolean)
    if (fatal !== undefined) {
      counts.failed += events
      throw fatal
    }
    const isAem = undone.some((one) => systemOf(work, one) === 'AEM')
    if (isAem && !breaker.hasWorked('AEM') && !isLate(unit)) deferred.push(() => park(unit, undone))
    else await park(unit, undone)
  }

  async function release(): Promise<void> {
    for (let next = deferred.shift(); next !== undefined; next = deferred.shift()) await next()
  }

  async function park(unit: UnitOfWork, undone: readonly Undone[]): Promise<void> {
    const { work, record, replaced, events } = unit
    const kept = new Set<string>()
    for (const one of undone) {
      // A parked record that was not tried stays as it is.
      const isSkipped = one.failure.code === codes.systemDown
      const isUntried = isSkipped && record?.destination === one.destination
      const id = isUntried && record !== undefined ? record.id : await parking.park(work, one, record)
      kept.add(id)
      // It may still work in this run.
      if (isSkipped) held.keep(id, work.action, systemOf(work, one), record === undefined)
    }
    for (const id of record === undefined ? replaced : [...replaced, record.id]) {
      if (!kept.has(id)) await parking.remove(id)
    }
    counts.parked += events
    finish(unit)
  }

  /** A failure of AEM, IMS, State or the inputs stops the run. */
  function fatalError(unit: UnitOfWork, undone: Undone): BridgeError | undefined {
    const system = systemOf(unit.work, undone)
    const { failureClass } = undone.failure
    const isFatal =
      system === 'IMS' ||
      system === 'STATE' ||
      (system === 'AEM' && breaker.isDown(system) && !(failureClass === 'transient' && isLate(unit))) ||
      (system === 'APP' && failureClass === 'systemic')
    return isFatal ? toError({ ...undone.failure, upstream: system }) : undefined
  }

  function isLate({ since }: UnitOfWork): boolean {
    return since !== undefined && clock.now() - since > longestAemOutageMs
  }
}

function finish({ done }: UnitOfWork): void {
  for (const tell of done) tell()
}
