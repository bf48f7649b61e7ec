import type { Clock } from '../core/clock'
import { toBridgeError } from '../core/errors'
import { nextTry, type Pending } from '../delivery/pending'
import { eventKey } from '../events/decode'
import { type DeliveryReport, settle } from './deliver-asset'
import type { FlowContext } from './event-flow'
import { type ExportParts, exportTo } from './export-asset'

/**
 * Does pending work: done or for ever impossible, its record goes; else it stays for a later try. An outage of a
 * destination or of AEM does not count as a try.
 */
export async function workOff(
  pending: Pending,
  parts: ExportParts & { clock: Clock },
  context: FlowContext,
): Promise<DeliveryReport> {
  const { call } = context
  const { destination, origin, assetId: id } = pending
  const event = { raw: pending.event, key: eventKey(pending.event) }
  const report = await parts.assets
    .readAsset({ origin, id }, call)
    .then((asset) => exportTo(destination, asset, parts, call))
    .catch((thrown: unknown) => {
      call.signal.throwIfAborted()
      return { destination, outcome: 'failed' as const, error: toBridgeError(thrown) }
    })
  const delivery = await settle(report, event, context)
  if (delivery.retry === undefined) {
    await context.pending.remove(pending.id, call.signal)
    return delivery.report
  }
  const attempts = pending.attempts + (delivery.retry.failureClass === 'transient' ? 1 : 0)
  await context.pending.write({ ...pending, attempts, nextTry: nextTry(parts.clock, attempts) }, call.signal)
  return delivery.report
}
