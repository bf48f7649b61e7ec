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
import { type Declined, type ExportParts, exportWithin, readTooOld } from './export-asset'
import { type AtWorker, handOver } from './hand-over'

/** What delivering needs. */
export type DeliveryParts = ExportParts & {
  /** Starts other actions; undefined where no worker can be started. */
  activations(context: FlowContext): Activations | undefined
}

/** What became of an asset at a destination that has not failed. */
type Delivered = readonly FileOutcome[] | AtWorker | Declined

/** Larger files are not moved within the minute that an event has. */
const maxBytes = 192 * 1024 * 1024
/** A smaller file that is not moved within the time of an event is a failure of the destination. */
const handOverFromBytes = 8 * 1024 * 1024
/** The time kept for writing the record and starting the worker. */
const handOverMs = 8_000

/**
 * Runs work for one destination and records a failure for this destination alone. A destination that is down is
 * skipped.
 * @param work the event, or the part of it that is parked
 * @throws the signal's reason, {BridgeError} `READ_TOO_OLD`, and nothing else
 */
export async function atDestination(
  destination: string,
  work: Work,
  act: () => Promise<Delivered>,
  context: FlowContext,
): Promise<DestinationOutcome> {
  try {
    if (context.isDown?.(destination)) throw systemDown(destination)
    const result = await act()
    if ('declined' in result) return { destination, kind: 'skipped', reason: result.declined }
    return 'worker' in result
      ? { destination, kind: 'handed-over', ...result }
      : { destination, kind: 'done', files: result }
  } catch (thrown) {
    const { call } = context
    call.signal.throwIfAborted()
    // Whatever it is, it may look different now.
    if (context.isOlder) throw readTooOld()
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
 * Exports an asset to one destination within the time of an event. An upload that takes longer is recorded and handed
 * to a worker. Where no worker can be started, all of it is done here.
 * @throws the signal's reason, {BridgeError} `READ_TOO_OLD`, and nothing else
 */
export function deliver(
  name: string,
  asset: Asset,
  work: Work,
  parts: DeliveryParts,
  context: FlowContext,
): Promise<DestinationOutcome> {
  const activations = parts.activations(context)
  const act = (): Promise<Delivered> =>
    activations === undefined
      ? deliverNow(name, asset, parts, context)
      : deliverInTime(name, asset, parts, context, () => handOver(partOf(work, name), activations, context))
  return atDestination(name, work, act, context)
}

async function deliverNow(
  name: string,
  asset: Asset,
  parts: DeliveryParts,
  { call, maxBytes: limit = Number.POSITIVE_INFINITY, areFilesDown, isOlder }: FlowContext,
): Promise<Delivered> {
  const files = await exportWithin({ maxBytes: limit, areFilesDown, isOlder }, name, asset, parts, call)
  if (files !== 'too-large') return files
  throw transientError('FILE_LEFT_OUT', 'the file is too large for a worker whose run waits for its answer')
}

async function deliverInTime(
  name: string,
  asset: Asset,
  parts: DeliveryParts,
  { call, clock, isOlder }: FlowContext,
  toWorker: () => Promise<AtWorker>,
): Promise<Delivered> {
  const deadline = call.deadline - handOverMs
  const attempt = startAttempt(call.signal, deadline - clock.now())
  let files: readonly FileOutcome[] | 'too-large' | Declined = 'too-large'
  try {
    const own = withSignal(call, attempt.signal, deadline)
    files = await untilAborted(exportWithin({ maxBytes, isOlder }, name, asset, parts, own), attempt.signal)
  } catch (thrown) {
    call.signal.throwIfAborted()
    if (!attempt.timedOut()) throw thrown
    // A small file had enough time: a worker would wait for the same destination, and the sender would not deliver
    // again.
    if (sizeOf(asset) <= handOverFromBytes) throw tooSlow(name)
  } finally {
    attempt.release()
  }
  return files === 'too-large' ? toWorker() : files
}

const systemDown = (name: string): BridgeError =>
  systemicError('SYSTEM_DOWN', `${name} failed repeatedly in this run and is skipped until the next run`)

const tooSlow = (name: string): BridgeError =>
  transientError('EXPORT_TIMEOUT', `${name} did not take the file within the time of an event`)

const sizeOf = ({ repository }: Asset): number => Number(repository['repo:size'] ?? Number.POSITIVE_INFINITY)
