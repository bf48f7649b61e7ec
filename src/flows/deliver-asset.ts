import type { Asset } from '../core/asset'
import { bindCallContext, type CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { type BridgeError, toBridgeError, transientError } from '../core/errors'
import { decide } from '../core/status-table'
import { workId } from '../delivery/dead-letters'
import { nextTry } from '../delivery/pending'
import type { EventKey } from '../events/event'
import type { FlowContext } from './event-flow'
import { type DestinationReport, type ExportParts, exportTo, type FileReport } from './export-asset'

/** What the answer says about one destination. */
export type DeliveryReport = {
  destination: string
  outcome: 'done' | 'unchanged' | 'handed-over' | 'dead-letter' | 'retry'
  files?: readonly FileReport[]
  reason?: string
  code?: string
  deadLetter?: string
  /** The activation that goes on with it. */
  worker?: string
}

export type Delivery = { report: DeliveryReport; retry?: BridgeError }

/** The event behind a delivery, for the records that may outlive it. */
export type DeliveryEvent = { raw: unknown; key: EventKey }

/** Larger files do not fit into the minute that an event has. */
const handOverBytes = 192 * 1024 * 1024
/** What is left of an event's time for writing the record and starting the worker. */
const handOverMs = 8_000
const worker = 'export-worker'

/**
 * Exports an asset to one destination within an event: what does not fit into its time is written down and handed to a
 * worker, what can never work becomes a dead letter, anything else asks for the event again.
 */
export async function deliver(
  name: string,
  asset: Asset,
  event: DeliveryEvent,
  parts: ExportParts & { clock: Clock },
  context: FlowContext,
): Promise<Delivery> {
  if (Number(asset.repository['repo:size'] ?? 0) > handOverBytes)
    return handOver(name, asset, event, parts.clock, context)
  const soft = softContext(context.call, parts.clock)
  try {
    return await settle(await exportTo(name, asset, parts, soft), event, context)
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    if (!soft.signal.aborted)
      return settle({ destination: name, outcome: 'failed', error: toBridgeError(thrown) }, event, context)
    return handOver(name, asset, event, parts.clock, context)
  }
}

function softContext(call: CallContext, clock: Clock): CallContext {
  const deadline = call.deadline - handOverMs
  const time = AbortSignal.timeout(Math.max(0, Math.min(deadline - clock.now(), 2 ** 31 - 1)))
  return bindCallContext({ ...call, deadline, signal: AbortSignal.any([call.signal, time]) })
}

/** Turns what became of a destination into a report, and writes the dead letter where there has to be one. */
export async function settle(
  report: DestinationReport,
  event: DeliveryEvent,
  context: FlowContext,
): Promise<Delivery> {
  const { destination } = report
  if (report.outcome === 'done') {
    const changed = report.files.some(({ outcome }) => outcome !== 'unchanged')
    return { report: { destination, outcome: changed ? 'done' : 'unchanged', files: report.files } }
  }
  const { error } = report
  const { redactor, call } = context
  const failure = { destination, reason: redactor.text(error.message), code: error.code }
  call.logger.warn('an export failed', { destination, event: event.key, error: error.toJSON() })
  if (decide(error.failureClass).action === 'retry')
    return { report: { ...failure, outcome: 'retry' }, retry: error }
  const id = workId(event.key, event.raw, destination)
  try {
    const { action, activationId } = context
    await context.deadLetters.write(
      { id, action, activationId, destination, error, event: event.raw },
      call.signal,
    )
  } catch (thrown) {
    call.signal.throwIfAborted()
    return { report: { ...failure, outcome: 'retry' }, retry: toBridgeError(thrown) }
  }
  return { report: { ...failure, outcome: 'dead-letter', deadLetter: id } }
}

/** Written first, then started: nothing that is acknowledged depends on one activation. */
async function handOver(
  destination: string,
  asset: Asset,
  event: DeliveryEvent,
  clock: Clock,
  context: FlowContext,
): Promise<Delivery> {
  const id = workId(event.key, event.raw, destination)
  const { call, redactor } = context
  try {
    await context.pending.write(
      {
        id,
        event: redactor.value(event.raw),
        origin: asset.origin,
        assetId: asset.id,
        destination,
        attempts: 0,
        since: new Date(clock.now()).toISOString(),
        nextTry: nextTry(clock, 0),
      },
      call.signal,
    )
    const activation = await context.activations.start(worker, { pending: [id] }, call.signal)
    const reason = 'it outlasts an event and goes on in an activation of its own'
    return { report: { destination, outcome: 'handed-over', reason, worker: activation } }
  } catch (thrown) {
    call.signal.throwIfAborted()
    const error = toBridgeError(thrown)
    const retry =
      decide(error.failureClass).action === 'retry' ? error : transientError(error.code, error.message)
    return {
      report: { destination, outcome: 'retry', reason: redactor.text(error.message), code: error.code },
      retry,
    }
  }
}
