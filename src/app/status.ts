import { createHash, timingSafeEqual } from 'node:crypto'
import deployment from '#config/deployment'
import { transientError } from '../core/errors'
import { isRecord } from '../core/json'
import { maxDeadLetters } from '../delivery/letter-room'
import type { Alert } from '../flows/alerts/alert'
import type { FlowContext } from '../flows/event-flow'
import { type Counted, type Overview, readOverview } from '../flows/overview'
import { runInputs } from '../flows/run/inputs'
import { createSingleFlight } from '../http/single-flight'
import { perInputs } from '../inputs/raw-inputs'
import { isSet, sourceOf, valuesOf } from '../inputs/values'
import { journalInputs } from '../journal/inputs'
import { alarmOf, type JobName } from '../plugin/deployment'
import { statusInputs } from './inputs'
import { isSilent } from './silence'

/** One part of the app, as an outside monitor sees it. Times are ISO 8601. */
export type Part = {
  ok: boolean
  /** What is wrong, where something is. */
  message?: string
  lastRunAt?: string
  lastSuccessAt?: string
  lastSuccessAgeSeconds?: number
}

/** A run of a job. Its error is a code: the message may name an asset. */
export type RunStatus = {
  job: JobName
  startedAt: string
  endedAt: string
  outcome: string
  counts: Readonly<Record<string, number>>
  code?: string
}

/** How the app is. */
export type Status = {
  /** All parts are. */
  ok: boolean
  /** Everything that was written to the journal longer ago is accounted for; null before the first run. */
  lagSeconds: number | null
  parts: { state: Part; 'export-batch': Part; reconcile: Part; deadLetters: Part; pending: Part }
  /** The last 20 of each job, newest first. */
  runs: readonly RunStatus[]
  deadLetters: Counted
  pending: Counted
  /** Those that stand. */
  alerts: readonly Pick<Alert, 'code' | 'subject' | 'message' | 'since'>[]
}

const freshMs = 60_000
const readMs = 20_000

const overviewFor = perInputs(({ clock }: FlowContext) => {
  const alone = createSingleFlight<Overview>({
    clock,
    limitMs: readMs,
    late: () =>
      transientError('STATE_UNAVAILABLE', 'the records could not be read in time', { upstream: 'STATE' }),
  })
  let kept: { at: number; overview: Overview } | undefined
  return async (context: FlowContext): Promise<Overview> => {
    const age = kept === undefined ? Number.POSITIVE_INFINITY : context.clock.now() - kept.at
    if (kept !== undefined && age >= 0 && age < freshMs) return kept.overview
    return alone('overview', context.call, async (call) => {
      const overview = await readOverview({ ...context, call })
      kept = { at: context.clock.now(), overview }
      return overview
    })
  }
})

/**
 * The secret that opens the status.
 * @returns undefined when the status is off
 * @throws {InputError} systemic, `INPUT_INVALID`, when it is too short
 */
const tokenOf = ({ inputs, redactor }: FlowContext): string | undefined =>
  valuesOf(statusInputs, sourceOf(inputs, redactor)).STATUS_TOKEN

/**
 * Whether a request may see the status.
 * @param authorization the header
 * @returns `off` when no token is set
 * @throws {InputError} systemic, `INPUT_INVALID`, when the token is too short
 */
function admits(authorization: string | undefined, context: FlowContext): 'yes' | 'no' | 'off' {
  const token = tokenOf(context)
  if (token === undefined) return 'off'
  const [, given = ''] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? []
  // Hashes are of one length, so that the comparison tells nothing about that of the token.
  return timingSafeEqual(hash(given), hash(token)) ? 'yes' : 'no'
}

const hash = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * How the app is, from what is on record. It is read once in 60 s a container.
 * @throws {BridgeError} when State fails
 */
const read = async (context: FlowContext): Promise<Status> =>
  judge(await overviewFor(context)(context), context)

/** What an overview says of each part. */
function judge(overview: Overview, context: FlowContext): Status {
  const { runs, deadLetters, pending } = overview
  const { PENDING_MAX: maxPending } = valuesOf(
    { PENDING_MAX: runInputs.PENDING_MAX },
    sourceOf(context.inputs),
  )
  const hasJournal = isSet(journalInputs, 'JOURNAL_URL', sourceOf(context.inputs))
  const parts = {
    state: { ok: true },
    'export-batch': jobPart('export-batch', hasJournal, overview, context),
    reconcile: jobPart('reconcile', true, overview, context),
    deadLetters: below(deadLetters.total, maxDeadLetters, 'no more are written'),
    pending: below(pending.total, maxPending, 'runs read nothing new'),
  }
  return {
    ok: Object.values(parts).every(({ ok }) => ok),
    lagSeconds: lagOf(overview, context),
    parts,
    runs: runs.map(({ job, startedAt, endedAt, outcome, counts, error }) => ({
      ...{ job, startedAt, endedAt, outcome, counts },
      ...(error === undefined ? {} : { code: error.code }),
    })),
    deadLetters,
    pending,
    alerts: overview.alerts.map(({ code, subject, message, since }) => ({ code, subject, message, since })),
  }
}

const below = (total: number, most: number, so: string): Part =>
  total < most ? { ok: true } : { ok: false, message: `there are ${total}, and ${so}` }

/** A job that never ran is not set up, or not deployed for long. */
function jobPart(job: JobName, isSetUp: boolean, { runs }: Overview, { clock }: FlowContext): Part {
  const [last, ...before] = runs.filter((run) => run.job === job)
  if (last === undefined) return { ok: true }
  const success = [last, ...before].find(({ outcome }) => outcome !== 'failed')
  const told = {
    lastRunAt: last.startedAt,
    ...(success === undefined
      ? {}
      : {
          lastSuccessAt: success.endedAt,
          lastSuccessAgeSeconds: secondsBetween(Date.parse(success.endedAt), clock.now()),
        }),
  }
  const alarm = alarmOf(job, deployment)
  if (!isSetUp || alarm === 'off') return { ok: true, ...told }
  if (last.outcome === 'failed') {
    return { ok: false, message: `the last run failed: ${last.error?.code ?? 'UNEXPECTED'}`, ...told }
  }
  return isSilent(alarm, Date.parse(last.endedAt), clock.now())
    ? { ok: false, message: 'no run has ended for longer than its alarm allows', ...told }
    : { ok: true, ...told }
}

/** What the last run left, and all that may have been written since. */
function lagOf({ runs }: Overview, { clock }: FlowContext): number | null {
  for (const { job, endedAt, notes } of runs) {
    const lag = job === 'export-batch' && isRecord(notes) ? notes.lag : undefined
    if (typeof lag === 'number') return lag + secondsBetween(Date.parse(endedAt), clock.now())
  }
  return null
}

const secondsBetween = (from: number, to: number): number => Math.max(0, Math.round((to - from) / 1000))

/** The status: who may see it, and what it is. */
export const status = { admits, read, judge }
