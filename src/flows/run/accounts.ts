import type { Clock } from '../../core/clock'
import type { BridgeError } from '../../core/errors'
import type { Pending } from '../../delivery/pending'
import { type CircuitBreaker, longestAemOutageMs } from '../circuit-breaker'
import { bytesOf, codes, type Outcome, toError, type Undone, undoneOf, verdictOf } from '../outcome'
import { observe, systemOf } from '../systems'
import type { Work } from '../work'
import type { Parking } from './parking'

/** Work that came out, and what it stood for. */
export type Piece = {
  work: Work
  /** How many events it stands for; 0 for parked work, whose event was counted when it was parked. */
  events: number
  /** Set for work that was parked before. */
  record?: Pending | undefined
  /** Ids of the records of older work that this stands for. */
  replaced: string[]
  /** When its event came, in milliseconds since the epoch, where known. */
  since: number | undefined
  /** Called when it is accounted for. */
  done: (() => void)[]
}

/** The newer piece, standing for the older one as well. The older one is used up. */
export function joined(newer: Piece, older: Piece): Piece {
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

/** What became of the events of a run, by number. */
export type Counts = {
  done: number
  skipped: number
  parked: number
  deadLettered: number
  /** Neither: the run stopped over them, and the next one begins there. */
  failed: number
}

/** Accounts for what comes out: done, skipped, dead-lettered, or parked. */
export type Accounts = {
  /**
   * Accounts for a piece: for the events it stands for, or for what was parked.
   * @throws {BridgeError} when the run has to stop where it stands: the piece is not accounted for
   */
  settle(piece: Piece, outcome: Outcome): Promise<void>
  /** Parks what was held back while nobody knew whether AEM is down. */
  release(): Promise<void>
  /** How many pieces are held back. */
  heldBack(): number
  counts: Counts
  bytes(): number
}

/** Creates the accounts of one run. */
export function createAccounts(parts: { breaker: CircuitBreaker; parking: Parking; clock: Clock }): Accounts {
  const { breaker, parking, clock } = parts
  const counts: Counts = { done: 0, skipped: 0, parked: 0, deadLettered: 0, failed: 0 }
  const heldBack: (() => Promise<void>)[] = []
  let bytes = 0

  return { settle, release, heldBack: () => heldBack.length, counts, bytes: () => bytes }

  async function settle(piece: Piece, outcome: Outcome): Promise<void> {
    const { work, record, replaced, events } = piece
    bytes += bytesOf(outcome)
    observe(breaker, work, outcome)
    const verdict = verdictOf(outcome)
    if (verdict !== 'again') {
      for (const id of record === undefined ? replaced : [...replaced, record.id]) await parking.remove(id)
      await parking.forget(work)
      counts[verdict === 'dead-letter' ? 'deadLettered' : verdict] += events
      finish(piece)
      if (breaker.hasWorked('AEM')) await release()
      return
    }
    const undone = undoneOf(outcome, work.destination)
    const fatal = undone.map((one) => fatalError(piece, one)).find(Boolean)
    if (fatal !== undefined) {
      counts.failed += events
      throw fatal
    }
    const isAem = undone.some((one) => systemOf(work, one) === 'AEM')
    if (isAem && !breaker.hasWorked('AEM') && !isLate(piece)) heldBack.push(() => park(piece, undone))
    else await park(piece, undone)
  }

  async function release(): Promise<void> {
    for (let next = heldBack.shift(); next !== undefined; next = heldBack.shift()) await next()
  }

  async function park(piece: Piece, undone: readonly Undone[]): Promise<void> {
    const { work, record, replaced, events } = piece
    const kept = new Set<string>()
    for (const one of undone) {
      // What was parked and was not even tried stays as it is.
      const isUntried = one.failure.code === codes.systemDown && record?.destination === one.destination
      kept.add(isUntried && record !== undefined ? record.id : await parking.park(work, one))
    }
    for (const id of record === undefined ? replaced : [...replaced, record.id]) {
      if (!kept.has(id)) await parking.remove(id)
    }
    counts.parked += events
    finish(piece)
  }

  /** One of AEM, IMS, State or the inputs stops the run where it stands. */
  function fatalError(piece: Piece, undone: Undone): BridgeError | undefined {
    const system = systemOf(piece.work, undone)
    const { failureClass } = undone.failure
    const isFatal =
      system === 'IMS' ||
      system === 'STATE' ||
      (system === 'AEM' && breaker.isDown(system) && !(failureClass === 'transient' && isLate(piece))) ||
      (system === 'APP' && failureClass === 'systemic')
    return isFatal ? toError({ ...undone.failure, upstream: system }) : undefined
  }

  function isLate({ since }: Piece): boolean {
    return since !== undefined && clock.now() - since > longestAemOutageMs
  }
}

function finish({ done }: Piece): void {
  for (const tell of done) tell()
}
