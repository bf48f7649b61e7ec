import type { AssetsClient } from '../aem/assets-client'
import type { Asset, AssetRef } from '../core/asset'
import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { type BridgeError, systemicError, transientError } from '../core/errors'
import { fullJitter } from '../http/backoff'
import type { MetadataChange } from '../metadata/diff'

/** What updating metadata needs. */
export type UpdateParts = { assets: AssetsClient; clock: Clock; random: () => number }

/** What is to be written over the state that was read, and what the caller is told once it is written. */
export type Decision<T> = { changes: readonly MetadataChange[]; result: T }

/** AEM gives an ETag that it does not take back: something between changes it, or a replica lags far behind. */
export const etagNotAcceptedCode = 'AEM_ETAG_NOT_ACCEPTED'

const maxRounds = 6
const backoff = { baseMs: 50, capMs: 2_000 }

/**
 * Updates the metadata of one asset: reads it, decides, and writes the changes over exactly the state that was read.
 * After a 412 all three are repeated. No change means no request.
 * @param decide is asked with each state that is read; undefined when it has changed the asset itself: it is read again
 * @throws {BridgeError} transient `METADATA_CONFLICT` when the asset keeps changing; systemic `AEM_ETAG_NOT_ACCEPTED`
 * when AEM gives the ETag that it has refused in all rounds after that; whatever AEM and `decide` throw
 */
export async function updateMetadata<T>(
  ref: AssetRef,
  { assets, clock, random }: UpdateParts,
  decide: (asset: Asset) => Promise<Decision<T> | undefined>,
  call: CallContext,
): Promise<T> {
  let refusedEtag: string | undefined
  let readsAgain = 0
  for (let round = 1; round <= maxRounds; round++) {
    if (refusedEtag !== undefined) await clock.sleep(fullJitter(backoff, round - 1, random()), call.signal)
    const asset = await assets.readAsset(ref, call)
    if (asset.etag === refusedEtag) {
      // Once says nothing: a clustered author may answer from a replica that has not heard of the change.
      readsAgain += 1
      continue
    }
    refusedEtag = undefined
    const decision = await decide(asset)
    if (decision === undefined) continue
    const { changes, result } = decision
    if (changes.length === 0) return result
    if ((await assets.patchMetadata(asset, changes, call)) === 'written') return result
    refusedEtag = asset.etag
    if (round < maxRounds) call.logger.info('the asset changed meanwhile; starting over', { round })
  }
  if (readsAgain === maxRounds - 1) throw etagNotAccepted()
  throw transientError(
    'METADATA_CONFLICT',
    `the asset changed ${maxRounds} times while it was being updated`,
    { upstream: 'AEM' },
  )
}

const etagNotAccepted = (): BridgeError =>
  systemicError(
    'AEM_ETAG_NOT_ACCEPTED',
    'AEM refuses the ETag that it gives (412), again and again: something between this app and AEM changes ETags, by compression for example',
    { upstream: 'AEM', status: 412 },
  )
