import type { Asset } from '../../core/asset'
import { startAttempt } from '../../core/attempt'
import { bindCallContext, untilAborted } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { type BridgeError, systemicError, toBridgeError, transientError } from '../../core/errors'
import { decide } from '../../core/status-table'
import type { Activations, RuntimeCredentials } from '../../delivery/activations'
import { workId } from '../../delivery/dead-letters'
import type { FlowContext } from '../event-flow'
import type { Delivery, DeliveryEvent } from './delivery-report'
import { type DestinationReport, type ExportParts, exportWithin } from './export-asset'
import { handOver } from './hand-over'

/** What delivering needs. */
export type DeliveryParts = ExportParts & {
  clock: Clock
  activationsOf(runtime: RuntimeCredentials): Activations
}

/** Larger files do not fit into the minute that an event has. */
const maxBytes = 192 * 1024 * 1024
/** Smaller ones are moved within the time of an event, or something is wrong. */
const handOverFromBytes = 8 * 1024 * 1024
/** What is left of an event's time for writing the record and starting the worker. */
const handOverMs = 8_000

/**
 * Exports an asset to one destination within an event: what does not fit into its time is written down and handed to a
 * worker, what can never work becomes a dead letter, anything else asks for the event again. Where no worker can be
 * started everything is done at once.
 */
export async function deliver(
  name: string,
  asset: Asset,
  event: DeliveryEvent,
  parts: DeliveryParts,
  context: FlowContext,
): Promise<Delivery> {
  const { call, runtime } = context
  const leftAlone = leftAloneReport(name, context)
  if (leftAlone !== undefined) return settle(leftAlone, event, context)
  if (runtime === undefined) {
    const limit = context.maxBytes ?? Number.POSITIVE_INFINITY
    const report = await exportWithin(limit, name, asset, parts, call)
    return settle(report === 'too-large' ? leftOut(name) : report, event, context)
  }
  const toWorker = (): Promise<Delivery> =>
    handOver(name, event, parts.clock, parts.activationsOf(runtime), context)
  const deadline = call.deadline - handOverMs
  const attempt = startAttempt(call.signal, deadline - parts.clock.now())
  try {
    const own = bindCallContext({ ...call, deadline, signal: attempt.signal })
    const report = await untilAborted(exportWithin(maxBytes, name, asset, parts, own), attempt.signal)
    return await (report === 'too-large' ? toWorker() : settle(report, event, context))
  } catch (thrown) {
    call.signal.throwIfAborted()
    // A small file had time enough: a worker would wait for the same destination, and nobody would try again.
    if (attempt.timedOut() && sizeOf(asset) > handOverFromBytes) return await toWorker()
    if (attempt.timedOut())
      return await settle({ destination: name, outcome: 'failed', error: tooSlow(name) }, event, context)
    return await settle(
      { destination: name, outcome: 'failed', error: toBridgeError(thrown) },
      event,
      context,
    )
  } finally {
    attempt.release()
  }
}

const leftOut = (name: string): DestinationReport => ({
  destination: name,
  outcome: 'failed',
  error: transientError('FILE_LEFT_OUT', 'the file is too large for a worker that somebody waits for'),
})

/** The failure at a destination that is known to be down, without asking it; undefined when it may be asked. */
export function leftAloneReport(name: string, { isDown }: FlowContext): DestinationReport | undefined {
  if (!isDown?.(name)) return undefined
  const why = `${name} failed again and again in this run and is left alone until the next`
  return { destination: name, outcome: 'failed', error: systemicError('SYSTEM_DOWN', why) }
}

const tooSlow = (name: string): BridgeError =>
  transientError('EXPORT_TIMEOUT', `${name} did not take the file within the time of an event`)

const sizeOf = ({ repository }: Asset): number => Number(repository['repo:size'] ?? Number.POSITIVE_INFINITY)

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
    const failed = toBridgeError(thrown)
    call.logger.error('a dead letter could not be written', {
      event: event.key,
      destination,
      error: failed.toJSON(),
    })
    const why = `${failure.reason} (and the dead letter could not be written: ${failed.code}: ${failed.message})`
    const retry = systemicError('DEAD_LETTER_NOT_WRITTEN', why, { upstream: 'STATE' })
    return { report: { ...failure, reason: redactor.text(why), outcome: 'retry' }, retry }
  }
  return { report: { ...failure, outcome: 'dead-letter', deadLetter: id } }
}
