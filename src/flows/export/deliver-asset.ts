import type { Asset } from '../../core/asset'
import { startAttempt } from '../../core/attempt'
import { untilAborted, withSignal } from '../../core/call-context'
import { type BridgeError, systemicError, toBridgeError, transientError } from '../../core/errors'
import type { Activations } from '../../delivery/activations'
import { eventKey } from '../../events/decode'
import type { FlowContext } from '../event-flow'
import type { DestinationOutcome, FileOutcome } from '../outcome'
import { recordFailure } from '../record-failure'
import { partOf, type Work } from '../work'
import { type ExportParts, exportWithin } from './export-asset'
import { type AtWorker, handOver } from './hand-over'

/** What delivering needs. */
export type DeliveryParts = ExportParts & {
  /** The way to other actions; undefined where no worker can be started. */
  activations(context: FlowContext): Activations | undefined
}

/** Larger files do not fit into the minute that an event has. */
const maxBytes = 192 * 1024 * 1024
/** Smaller ones are moved within the time of an event, or something is wrong. */
const handOverFromBytes = 8 * 1024 * 1024
/** What is left of an event's time for writing the record and starting the worker. */
const handOverMs = 8_000

/**
 * Does something at one destination. What fails there is recorded for this destination alone; one that is known to be
 * down is not asked.
 * @param work the event, or the part of it that is parked
 * @throws the signal's reason, and nothing else
 */
export async function atDestination(
  destination: string,
  work: Work,
  act: () => Promise<readonly FileOutcome[] | AtWorker>,
  context: FlowContext,
): Promise<DestinationOutcome> {
  try {
    if (context.isDown?.(destination)) throw leftAlone(destination)
    const result = await act()
    return 'worker' in result
      ? { destination, kind: 'handed-over', ...result }
      : { destination, kind: 'done', files: result }
  } catch (thrown) {
    const { call } = context
    call.signal.throwIfAborted()
    const error = toBridgeError(thrown)
    call.logger.warn('an export failed', {
      destination,
      event: eventKey(work.event),
      error: error.toJSON(),
    })
    return { destination, ...(await recordFailure(error, partOf(work, destination), context)) }
  }
}

/**
 * Exports an asset to one destination within an event: what does not fit into its time is written down and handed to a
 * worker. Where no worker can be started everything is done at once.
 * @throws the signal's reason, and nothing else
 */
export function deliver(
  name: string,
  asset: Asset,
  work: Work,
  parts: DeliveryParts,
  context: FlowContext,
): Promise<DestinationOutcome> {
  const activations = parts.activations(context)
  const act = (): Promise<readonly FileOutcome[] | AtWorker> =>
    activations === undefined
      ? deliverNow(name, asset, parts, context)
      : deliverInTime(name, asset, parts, context, () => handOver(partOf(work, name), activations, context))
  return atDestination(name, work, act, context)
}

async function deliverNow(
  name: string,
  asset: Asset,
  parts: DeliveryParts,
  { call, maxBytes: limit = Number.POSITIVE_INFINITY }: FlowContext,
): Promise<readonly FileOutcome[]> {
  const files = await exportWithin(limit, name, asset, parts, call)
  if (files !== 'too-large') return files
  throw transientError('FILE_LEFT_OUT', 'the file is too large for a worker that somebody waits for')
}

async function deliverInTime(
  name: string,
  asset: Asset,
  parts: DeliveryParts,
  { call, clock }: FlowContext,
  toWorker: () => Promise<AtWorker>,
): Promise<readonly FileOutcome[] | AtWorker> {
  const deadline = call.deadline - handOverMs
  const attempt = startAttempt(call.signal, deadline - clock.now())
  let files: readonly FileOutcome[] | 'too-large' = 'too-large'
  try {
    const own = withSignal(call, attempt.signal, deadline)
    files = await untilAborted(exportWithin(maxBytes, name, asset, parts, own), attempt.signal)
  } catch (thrown) {
    call.signal.throwIfAborted()
    if (!attempt.timedOut()) throw thrown
    // A small file had time enough: a worker would wait for the same destination, and nobody would try again.
    if (sizeOf(asset) <= handOverFromBytes) throw tooSlow(name)
  } finally {
    attempt.release()
  }
  return files === 'too-large' ? toWorker() : files
}

const leftAlone = (name: string): BridgeError =>
  systemicError('SYSTEM_DOWN', `${name} failed again and again in this run and is left alone until the next`)

const tooSlow = (name: string): BridgeError =>
  transientError('EXPORT_TIMEOUT', `${name} did not take the file within the time of an event`)

const sizeOf = ({ repository }: Asset): number => Number(repository['repo:size'] ?? Number.POSITIVE_INFINITY)
