import type { Asset } from '../core/asset'
import type { Clock } from '../core/clock'
import { toBridgeError } from '../core/errors'
import { nextTry, type Pending } from '../delivery/pending'
import { eventKey } from '../events/decode'
import { unusableReason } from '../metadata/skip'
import { settle } from './deliver-asset'
import type { Delivery, DeliveryReport } from './delivery-report'
import type { EventResult, FlowContext } from './event-flow'
import { type ExportParts, exportTo } from './export-asset'

/** Does the pending work of these ids, one after the other; what is gone is done. */
export async function workOffAll(
  ids: readonly string[],
  parts: ExportParts & { clock: Clock },
  context: FlowContext,
): Promise<readonly EventResult[]> {
  const results: EventResult[] = []
  for (const id of ids) {
    const pending = await context.pending.read(id, context.call.signal)
    if (pending === undefined) {
      results.push({ message: 'no such work: it is done', outcome: 'done', pending: id })
      continue
    }
    const report = await workOff(pending, parts, context)
    const reason = report.reason === undefined ? '' : ` (${report.reason})`
    results.push({ message: `${report.destination}: ${report.outcome}${reason}`, ...report, pending: id })
  }
  return results
}

/**
 * Does pending work: done or for ever impossible, its record goes; else it stays for a later try. An outage of a
 * destination or of AEM does not count as a try.
 */
async function workOff(
  pending: Pending,
  parts: ExportParts & { clock: Clock },
  context: FlowContext,
): Promise<DeliveryReport> {
  const { call } = context
  const { report, retry } = await attempt(pending, parts, context)
  if (retry === undefined) {
    await context.pending.remove(pending.id, call.signal)
    return report
  }
  const attempts = pending.attempts + (retry.failureClass === 'transient' ? 1 : 0)
  await context.pending.write({ ...pending, attempts, nextTry: nextTry(parts.clock, attempts) }, call.signal)
  return report
}

async function attempt(pending: Pending, parts: ExportParts, context: FlowContext): Promise<Delivery> {
  const { call } = context
  const { destination, origin, assetId: id } = pending
  const event = { raw: pending.event, key: eventKey(pending.event) }
  let asset: Asset
  try {
    asset = await parts.assets.readAsset({ origin, id }, call)
  } catch (thrown) {
    call.signal.throwIfAborted()
    return settle({ destination, outcome: 'failed', error: toBridgeError(thrown) }, event, context)
  }
  const reason = unusableReason(asset)
  if (reason !== undefined) return { report: { destination, outcome: 'skipped', reason } }
  return settle(await exportTo(destination, asset, parts, call), event, context)
}
