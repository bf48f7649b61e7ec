import type { Clock } from '../../core/clock'
import { BridgeError } from '../../core/errors'
import type { Pending } from '../../delivery/pending'
import { leftAlone, type Outcome, type Problem, type Work } from '../perform'
import { observe, systemOf } from './blame'
import type { Parking } from './parking'
import type { Systems } from './systems'

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
  counts: Counts
  bytes(): number
}

/** AEM is never down for so long: what it does not give then is parked, so that the rest is not lost with it. */
const longestStandMs = 6 * 3_600_000

/** Creates the accounts of one run. */
export function createAccounts(parts: { systems: Systems; parking: Parking; clock: Clock }): Accounts {
  const { systems, parking, clock } = parts
  const counts: Counts = { done: 0, skipped: 0, parked: 0, deadLettered: 0, failed: 0 }
  const heldBack: (() => Promise<void>)[] = []
  let bytes = 0

  return { settle, release, counts, bytes: () => bytes }

  async function settle(piece: Piece, outcome: Outcome): Promise<void> {
    const { work, record, replaced, events } = piece
    bytes += outcome.bytes
    observe(systems, work, outcome)
    if (outcome.kind !== 'again') {
      for (const id of record === undefined ? replaced : [...replaced, record.id]) await parking.remove(id)
      await parking.forget(work)
      counts[outcome.kind === 'dead-letter' ? 'deadLettered' : outcome.kind] += events
      finish(piece)
      if (systems.hasWorked('AEM')) await release()
      return
    }
    const fatal = outcome.problems.map((problem) => fatalError(piece, problem)).find(Boolean)
    if (fatal !== undefined) {
      counts.failed += events
      throw fatal
    }
    const isAem = outcome.problems.some((problem) => systemOf(work, problem) === 'AEM')
    if (isAem && !systems.hasWorked('AEM') && !isLate(piece))
      heldBack.push(() => park(piece, outcome.problems))
    else await park(piece, outcome.problems)
  }

  async function release(): Promise<void> {
    for (let next = heldBack.shift(); next !== undefined; next = heldBack.shift()) await next()
  }

  async function park(piece: Piece, problems: readonly Problem[]): Promise<void> {
    const { work, record, replaced, events } = piece
    const kept = new Set<string>()
    for (const problem of problems) {
      // What was parked and was not even tried stays as it is.
      const isUntried = problem.code === leftAlone && record?.destination === problem.destination
      kept.add(isUntried && record !== undefined ? record.id : await parking.park(work, problem))
    }
    for (const id of record === undefined ? replaced : [...replaced, record.id]) {
      if (!kept.has(id)) await parking.remove(id)
    }
    counts.parked += events
    finish(piece)
  }

  /** One of AEM, IMS, State or the inputs stops the run where it stands. */
  function fatalError(piece: Piece, problem: Problem): BridgeError | undefined {
    const system = systemOf(piece.work, problem)
    const isFatal =
      system === 'IMS' ||
      system === 'STATE' ||
      (system === 'AEM' &&
        systems.isDown(system) &&
        !(problem.failureClass === 'transient' && isLate(piece))) ||
      (system === 'APP' && problem.failureClass === 'systemic')
    if (!isFatal) return undefined
    return new BridgeError(problem.failureClass, problem.code, problem.message, { upstream: system })
  }

  function isLate({ since }: Piece): boolean {
    return since !== undefined && clock.now() - since > longestStandMs
  }
}

function finish({ done }: Piece): void {
  for (const tell of done) tell()
}
