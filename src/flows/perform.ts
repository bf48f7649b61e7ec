import { type BridgeError, type FailureClass, toBridgeError } from '../core/errors'
import { decide } from '../core/status-table'
import { workId } from '../delivery/dead-letters'
import { eventKey } from '../events/decode'
import { type EventFlow, type EventResult, type FlowContext, Unfinished } from './event-flow'

/** A piece of work: an event for the flow of an action; for one destination only, or as a whole. */
export type Work = {
  action: string
  event: unknown
  destination?: string | undefined
  /** Of its record, if it has been parked. */
  id?: string
}

/** Why a part of it has to be done again. Plain data, for it may come from another activation. */
export type Problem = {
  /** Undefined when it is the event as a whole. */
  destination?: string | undefined
  failureClass: FailureClass
  code: string
  /** Masked. */
  message: string
  upstream?: string | undefined
  /** AEM had told of the asset before: it failed later. */
  isRead?: boolean | undefined
  /** Milliseconds since the epoch: not to be done again before then. */
  notBefore?: number
}

/** The code of what was not tried, for the system that it needs is down. */
export const leftAlone = 'SYSTEM_DOWN'

/** The code of a file that is too large for where it was to be moved. */
export const fileLeftOut = 'FILE_LEFT_OUT'

/** What became of a piece of work. */
export type Outcome = {
  kind: 'done' | 'skipped' | 'dead-letter' | 'again'
  message: string
  /** Moved into destinations. */
  bytes: number
  /** Set with `again`. */
  problems: readonly Problem[]
  /** The destinations that have what they should have. */
  reached: readonly string[]
  /** AEM told of the asset. */
  isRead: boolean
}

/** The flow of each action, by its name. */
export type Flows = Readonly<Record<string, EventFlow>>

const idle = new Set(['skipped', 'ignored', 'deferred'])

/**
 * Does a piece of work. What can never work is a dead letter afterwards; what has to come again is told.
 * @throws the signal's reason, and nothing else
 */
export async function perform(work: Work, flows: Flows, context: FlowContext): Promise<Outcome> {
  const { action, event, destination } = work
  const own: FlowContext = { ...context, action, onlyDestination: destination }
  try {
    const flow = Object.hasOwn(flows, action) ? flows[action] : undefined
    if (flow === undefined) throw new TypeError(`no flow of the name ${action}`)
    const result = await flow(event, own)
    if (!(result instanceof Unfinished)) return finished(result)
    const problems = result.retries.map((retry) => ({
      ...problemOf(retry.error, retry.destination ?? destination, context),
      isRead: retry.destination !== undefined,
    }))
    const { message, bytes = 0 } = result.result
    const isRead = problems.some((problem) => problem.isRead)
    return { kind: 'again', message, bytes, problems, reached: reachedBy(result.result), isRead }
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    return failed(toBridgeError(thrown), work, own)
  }
}

function finished(result: EventResult): Outcome {
  const { message, outcome, bytes = 0, destinations = [], assetdata } = result
  const isLetter = outcome === 'dead-letter' || destinations.some((one) => one.outcome === 'dead-letter')
  const kind = isLetter ? 'dead-letter' : idle.has(outcome) ? 'skipped' : 'done'
  return { kind, message, bytes, problems: [], reached: reachedBy(result), isRead: assetdata !== undefined }
}

const reachedBy = ({ destinations = [] }: EventResult): readonly string[] =>
  destinations
    .filter(({ outcome }) => outcome === 'done' || outcome === 'unchanged')
    .map(({ destination }) => destination)

const again = (message: string, problem: Problem): Outcome => ({
  kind: 'again',
  message,
  bytes: 0,
  problems: [problem],
  reached: [],
  isRead: false,
})

/** The letter is written before the work counts as done with. */
async function failed(error: BridgeError, work: Work, context: FlowContext): Promise<Outcome> {
  const { call, redactor, activationId } = context
  const { event, destination, action } = work
  const key = eventKey(event)
  call.logger.warn('an event failed', { event: key, error: error.toJSON() })
  const message = redactor.text(error.message)
  if (decide(error.failureClass).action === 'retry')
    return again(message, problemOf(error, destination, context))
  try {
    const id = workId(key, event, destination)
    await context.deadLetters.write({ id, action, activationId, destination, error, event }, call.signal)
  } catch (thrown) {
    call.signal.throwIfAborted()
    // That State fails is no matter of a destination.
    return again(message, problemOf(toBridgeError(thrown), undefined, context))
  }
  return { kind: 'dead-letter', message, bytes: 0, problems: [], reached: [], isRead: false }
}

const problemOf = (
  { failureClass, code, message, upstream }: BridgeError,
  destination: string | undefined,
  { redactor }: FlowContext,
): Problem => ({
  failureClass,
  code,
  message: redactor.text(message),
  ...(destination === undefined ? {} : { destination }),
  ...(upstream === undefined ? {} : { upstream }),
})
