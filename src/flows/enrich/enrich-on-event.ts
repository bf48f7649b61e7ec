import type { AssetRef } from '../../core/asset'
import type { Change } from '../../events/happening'
import { principal, principalsOf } from '../../events/principal'
import type { Tokens } from '../../http/tokens'
import { accountOf } from '../../ims/account'
import type { FlowContext } from '../event-flow'
import type { LeftOut } from '../outcome'
import { type EnrichOutcome, type EnrichParts, enrichAsset } from './enrich-asset'
import { countPutBacks, putBacks, type RecentWrites } from './fights'

/**
 * Enriches the asset of an event. After an edit, what this app has written itself is dropped before anything is read. A
 * value that another system has put back three times within an hour is left alone, and the outcome tells it.
 * @param raw the event
 * @throws {BridgeError} as `enrichAsset` and State do
 */
export async function enrichOnEvent(
  { raw, happening, ref }: { raw: unknown; happening: 'processed' | Change; ref: AssetRef },
  parts: EnrichParts & { tokens: Tokens; recentWrites: RecentWrites },
  context: Pick<FlowContext, 'call' | 'clock' | 'store' | 'reads'>,
): Promise<EnrichOutcome> {
  const { call, clock, store, reads } = context
  const { recentWrites, tokens } = parts
  const isProcessed = happening === 'processed'
  if (!isProcessed && (await isOwn(raw, tokens, context)))
    return { kind: 'skipped', reason: ownWrite, products: [] }
  /** By property: AEM may refuse a write, and the decision is taken again. The event counts once. */
  const decided = new Map<string, boolean>()
  const left: LeftOut[] = []

  const outcome = await enrichAsset(ref, { ...parts, reads }, call, async (asset, changes) => {
    const told = new Set(isProcessed ? [] : putBacks(raw, changes))
    const suspects = changes.filter(
      (change) => !decided.has(change.property) && (told.has(change) || recentWrites.has(asset, change)),
    )
    const lost = await countPutBacks(asset, suspects, { store, clock, signal: call.signal })
    for (const change of changes) {
      const { property } = change
      if (decided.has(property)) continue
      decided.set(property, lost.has(change))
      if (lost.has(change)) left.push({ property, reason: putBackReason })
      else recentWrites.add(asset, change)
    }
    return new Set([...decided].flatMap(([property, isLeft]) => (isLeft ? [property] : [])))
  })
  if (left.length === 0 || (outcome.kind !== 'updated' && outcome.kind !== 'unchanged')) return outcome
  call.logger.warn('another system puts back what this app writes: it is left alone for a day', {
    assetId: outcome.asset.id,
    path: outcome.asset.path,
    properties: left.map(({ property }) => property),
  })
  return { ...outcome, leftOut: [...(outcome.leftOut ?? []), ...left] }
}

const ownWrite = 'this app made the change itself'
const putBackReason = 'another system put it back three times within an hour: it is left alone for a day'

/** Whether an event names the technical account of this app's token. A person's event needs no token for that. */
async function isOwn(raw: unknown, tokens: Tokens, { call }: Pick<FlowContext, 'call'>): Promise<boolean> {
  const names = principalsOf(raw)
  if (names.length === 0) return false
  const own = principal(accountOf(await tokens.token(call)))
  return own !== undefined && names.includes(own)
}
