import type { JournalStart } from '../../journal/position'
import type { Gap } from '../../journal/reader'
import { type CircuitBreaker, createCircuitBreaker } from '../circuit-breaker'
import type { FlowContext, Flows } from '../event-flow'
import { codes, type Outcome } from '../outcome'
import { perform } from '../perform'
import { reserveMs } from '../reserve'
import { destinationSystem, filesSystem, pimSystem } from '../systems'
import type { Work } from '../work'
import { type Accounts, createAccounts, type UnitOfWork } from './accounts'
import type { Journal } from './drain-journal'
import { createHeld, type Held } from './held'
import { createParking, type Parking } from './parking'
import { createWorkQueue, type Lane, type WorkQueue } from './work-queue'

/** How much a run may do. */
export type RunLimits = {
  maxEvents: number
  /** Moved into destinations. */
  maxBytes: number
  /** Units of work at once, in this activation. */
  concurrency: number
  /** Tries of parked work; then it is a dead letter. */
  maxAttempts: number
  /** Parked units; with more the run stops reading. What is in the queue may be parked, too, and counts. */
  maxPending: number
  /** How many destinations there are: an event about a publication may be parked for each. @default 1 */
  destinations?: number
  /** After so many milliseconds nothing new is begun. */
  runMs: number
  /** The grace period in milliseconds. Work that still runs after it is parked, and continues beside the next run. */
  graceMs: number
}

export type RunParts = {
  flows: Flows
  journals: readonly Journal[]
  start: JournalStart
  limits: RunLimits
  /** Told of events that expired unread, before the cursor passes them. */
  onGap?: (gap: Gap) => Promise<void>
  /** Lanes besides those of this activation. */
  otherLanes?: readonly Lane[]
}

/** Everything that belongs to one run. */
export type Run = {
  parts: RunParts
  context: FlowContext
  breaker: CircuitBreaker
  parking: Parking
  /** Parked work that is due and has to wait. */
  held: Held
  accounts: Accounts
  queue: WorkQueue
  endsAt: number
  /** As the limits say, or less when the activation ends earlier. */
  graceMs: number
  events: number
}

/** Begins a run. */
export function createRun(parts: RunParts, context: FlowContext): Run {
  const { limits } = parts
  const { clock } = context
  const breaker = createCircuitBreaker()
  const parking = createParking(limits, context)
  const own: FlowContext = {
    ...context,
    trigger: 'batch',
    runtime: undefined,
    isDown: (name) => !breaker.mayTry(destinationSystem(name)),
    areFilesDown: () => !breaker.mayTry(filesSystem),
  }
  const local: Lane = {
    size: 1,
    isLocal: true,
    run: (works) =>
      Promise.all(works.map((work) => performUnlessDown(work, { breaker, parking }, parts.flows, own))),
  }
  const lanes = [
    ...(parts.otherLanes ?? []),
    ...Array.from({ length: limits.concurrency }, () => ({ ...local })),
  ]
  const { deadline } = context.call
  const graceMs = reserveMs(limits.graceMs, deadline - clock.now())
  const held = createHeld()
  const accounts = createAccounts({ breaker, parking, held, clock })
  /** What a unit may add to what is parked; one that was parked before counts there. */
  const mayPark = ({ record, work }: UnitOfWork): number =>
    record !== undefined ? 0 : work.action === 'export-asset' ? Math.max(1, limits.destinations ?? 1) : 1
  const queue = createWorkQueue(
    lanes,
    async (unit, outcome) => {
      await accounts.accountFor(unit, outcome)
      // What waits is for the next run.
      if (accounts.bytes() >= limits.maxBytes) queue.stop()
    },
    {
      maxWaiting,
      clock,
      mayAdd: (undone) => {
        const most = undone.reduce((sum, unit) => sum + mayPark(unit), accounts.heldBack())
        return parking.parked.size + most < limits.maxPending
      },
    },
  )
  return {
    parts,
    context,
    breaker,
    parking,
    held,
    accounts,
    queue,
    endsAt: Math.min(clock.now() + limits.runMs, deadline - graceMs),
    graceMs,
    events: 0,
  }
}

/** The most events of one sort that wait in memory: enough to merge several about one asset, and bounded for long journals. */
const maxWaiting = 500

async function performUnlessDown(
  work: Work,
  { breaker, parking }: { breaker: CircuitBreaker; parking: Parking },
  flows: Flows,
  context: FlowContext,
): Promise<Outcome> {
  if (work.action !== 'generic' || !breaker.isDown(pimSystem)) {
    await parking.begin(work)
    return perform(work, flows, context)
  }
  const message = 'the PIM failed repeatedly in this run and is skipped until the next run'
  return {
    kind: 'retry',
    failure: { failureClass: 'systemic', code: codes.systemDown, message, upstream: pimSystem },
  }
}

/** Why the run starts no further work; undefined while it may. */
export function limitReached(run: Run): string | undefined {
  const { limits } = run.parts
  if (run.context.clock.now() >= run.endsAt) return 'its time is up'
  if (run.events >= limits.maxEvents) return `EXPORT_MAX_EVENTS: ${limits.maxEvents} events were taken`
  if (run.accounts.bytes() >= limits.maxBytes)
    return `EXPORT_MAX_BYTES: ${run.accounts.bytes()} bytes were moved`
  const parked = run.parking.parked.size
  if (parked >= limits.maxPending)
    return `PENDING_MAX: ${parked} units of work are parked; see what keeps them`
  return undefined
}
