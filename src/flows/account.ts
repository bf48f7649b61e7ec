import { BridgeError } from '../core/errors'
import type { Pending } from '../delivery/pending'
import type { Parking } from './parking'
import { leftAlone, type Outcome, type Problem, type Work } from './perform'
import type { Systems } from './systems'

/** Work that came out, and what it stood for. */
export type Piece = {
  work: Work
  /** How many events it stands for; 0 for parked work, whose event was counted when it was parked. */
  events: number
  /** Set for work that was parked before. */
  record?: Pending | undefined
  /** Called when it is accounted for. */
  done(): void
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
  /** Takes note of what an outcome tells about the systems, and of its bytes: once, however many events it is for. */
  learn(work: Work, outcome: Outcome): void
  /**
   * Accounts for one event, or for what was parked.
   * @throws {BridgeError} when the run has to stop where it stands: the piece is not accounted for
   */
  settle(piece: Piece, outcome: Outcome): Promise<void>
  /** Parks what was held back while nobody knew whether AEM is down. */
  release(): Promise<void>
  counts: Counts
  bytes(): number
}

/** Without these nothing works at all. */
const core = new Set(['AEM', 'IMS', 'STATE', 'APP'])
/** All that `generic` asks beside AEM is the PIM, whatever its communicator is called. */
export const pimSystem = 'PIM'

/** The system that a problem is to be blamed on. A file that AEM does not give is AEM's, whatever destination it was for. */
export function systemOf(work: Work, { upstream, destination }: Problem): string {
  if (upstream !== undefined && core.has(upstream)) return upstream
  if (destination !== undefined) return destinationSystem(destination)
  if (upstream === undefined) return 'APP'
  return work.action === 'generic' ? pimSystem : upstream
}

export const destinationSystem = (name: string): string => `destination ${name}`

/** Creates the accounts of one run. */
export function createAccounts({ systems, parking }: { systems: Systems; parking: Parking }): Accounts {
  const counts: Counts = { done: 0, skipped: 0, parked: 0, deadLettered: 0, failed: 0 }
  const heldBack: (() => Promise<void>)[] = []
  let bytes = 0

  return { learn, settle, release, counts, bytes: () => bytes }

  async function settle(piece: Piece, outcome: Outcome): Promise<void> {
    if (outcome.kind !== 'again') {
      if (piece.record !== undefined) await parking.remove(piece.record.id)
      counts[outcome.kind === 'dead-letter' ? 'deadLettered' : outcome.kind] += piece.events
      piece.done()
      if (systems.hasWorked('AEM')) await release()
      return
    }
    const fatal = outcome.problems.map((problem) => fatalError(piece.work, problem)).find(Boolean)
    if (fatal !== undefined) {
      counts.failed += piece.events
      throw fatal
    }
    const isAem = outcome.problems.some((problem) => systemOf(piece.work, problem) === 'AEM')
    if (isAem && !systems.hasWorked('AEM')) heldBack.push(() => park(piece, outcome.problems))
    else await park(piece, outcome.problems)
  }

  async function release(): Promise<void> {
    for (let next = heldBack.shift(); next !== undefined; next = heldBack.shift()) await next()
  }

  async function park({ work, record, events, done }: Piece, problems: readonly Problem[]): Promise<void> {
    const kept = new Set<string>()
    for (const problem of problems) {
      // What was parked and was not even tried stays as it is.
      const isUntried = problem.code === leftAlone && record?.destination === problem.destination
      kept.add(isUntried && record !== undefined ? record.id : await parking.park(work, problem))
    }
    if (record !== undefined && !kept.has(record.id)) await parking.remove(record.id)
    counts.parked += events
    done()
  }

  function learn(work: Work, { kind, problems, reached, bytes: moved }: Outcome): void {
    bytes += moved
    for (const name of reached) systems.worked(destinationSystem(name))
    if (kind === 'done') {
      systems.worked('AEM')
      if (work.action === 'generic') systems.worked(pimSystem)
    }
    for (const problem of problems) {
      if (problem.code === leftAlone) continue
      const system = systemOf(work, problem)
      // One asset that AEM does not hand out says nothing about the others.
      systems.failed(system, system === 'AEM' ? 'transient' : problem.failureClass)
    }
  }

  /** One of AEM, IMS, State or the inputs stops the run where it stands. */
  function fatalError(work: Work, problem: Problem): BridgeError | undefined {
    const system = systemOf(work, problem)
    const isFatal =
      system === 'IMS' ||
      system === 'STATE' ||
      (system === 'AEM' && systems.isDown(system)) ||
      (system === 'APP' && problem.failureClass === 'systemic')
    if (!isFatal) return undefined
    return new BridgeError(problem.failureClass, problem.code, problem.message, { upstream: system })
  }
}
