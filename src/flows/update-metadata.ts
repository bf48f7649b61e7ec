import type { AssetsClient, KeepsProperty } from '../aem/assets-client'
import type { Asset, AssetRef } from '../core/asset'
import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { type BridgeError, systemicError, transientError } from '../core/errors'
import { type LogFields, withFields } from '../core/logger'
import { fullJitter } from '../http/backoff'
import type { MemoryGate } from '../http/memory-gate'
import type { KeptReads } from './kept-reads'
import { type Decision, writeDecision } from './write-decision'

export type { Decision } from './write-decision'

/** What updating metadata needs. */
export type UpdateParts = {
  assets: AssetsClient
  clock: Clock
  random: () => number
  /** All assets of this process that are being updated fit into it. */
  memory: MemoryGate
  /** Gets an asset that needs no change, as it was read. */
  reads?: KeptReads | undefined
}

/** AEM gives an ETag that it does not take back: something between changes it, or a replica lags far behind. */
export const etagNotAcceptedCode = 'AEM_ETAG_NOT_ACCEPTED'

const maxRounds = 6
const backoff = { baseMs: 50, capMs: 2_000 }

/**
 * Updates the metadata of one asset: reads it, decides, and writes the changes over exactly the state that was read.
 * After a 412 all three are repeated. No change means no request. All three together wait for memory, and what they read
 * counts until the third has ended.
 * @param about.keeps the properties that `decide` reads or changes; the others are not held
 * @param about.decide is asked with each state that is read, and makes its requests with the call that it is given;
 * undefined when it has changed the asset itself: it is read again
 * @throws {BridgeError} transient `METADATA_CONFLICT` when the asset keeps changing; systemic `AEM_ETAG_NOT_ACCEPTED`
 * when AEM gives the ETag that it has refused in all rounds after that; whatever AEM and `decide` throw
 */
export async function updateMetadata<T>(
  ref: AssetRef,
  { assets, clock, random, memory, reads }: UpdateParts,
  about: {
    keeps: KeepsProperty
    decide: (asset: Asset, own: CallContext) => Promise<Decision<T> | undefined>
  },
  call: CallContext,
): Promise<T> {
  let refusedEtag: string | undefined
  let readsAgain = 0
  for (let round = 1; round <= maxRounds; round++) {
    if (refusedEtag !== undefined) await clock.sleep(fullJitter(backoff, round - 1, random()), call.signal)
    const refused = refusedEtag
    const end = await memory.run(ref.origin, call, (own) => update(own, refused))
    if ('result' in end) return end.result
    // Once says nothing: a clustered author may answer from a replica that has not heard of the change.
    if (end.again === 'refused') readsAgain += 1
    else refusedEtag = end.again === 'conflict' ? end.etag : undefined
    if (end.again === 'conflict' && round < maxRounds)
      call.logger.info('the asset changed meanwhile; starting over', { ...end.about, round })
  }
  if (readsAgain === maxRounds - 1) throw etagNotAccepted()
  throw transientError(
    'METADATA_CONFLICT',
    `the asset changed ${maxRounds} times while it was being updated`,
    { upstream: 'AEM' },
  )

  /** An asset that others look at as well is held whole. */
  async function read(own: CallContext): Promise<{ asset: Asset; whole: Asset }> {
    if (reads === undefined) {
      const asset = await assets.readAsset(ref, own, about.keeps)
      return { asset, whole: asset }
    }
    const whole = await assets.readAsset(ref, own)
    const kept = Object.entries(whole.metadata).filter(([property]) => about.keeps(property))
    return { asset: { ...whole, metadata: Object.fromEntries(kept) }, whole }
  }

  async function update(own: CallContext, refused: string | undefined): Promise<RoundEnd<T>> {
    const { asset, whole } = await read(own)
    if (asset.etag === refused) return { again: 'refused' }
    // An event may name the id only, or the path only.
    const fields = { assetId: asset.id, ...(asset.path === '' ? {} : { path: asset.path }) }
    const known = { ...own, logger: withFields(own.logger, fields) }
    const decision = await about.decide(asset, known)
    if (decision === undefined) return { again: 'changed' }
    if (decision.changes.length === 0) {
      reads?.keep(whole)
      return { result: decision.result }
    }
    reads?.take(asset)
    own.memory?.commit()
    const written = await writeDecision(asset, decision, assets, known)
    return written === 'conflict' ? { again: 'conflict', etag: asset.etag, about: fields } : written
  }
}

/** The result of a round, or why there has to be another one: AEM still gives the ETag that it has refused. */
type RoundEnd<T> =
  | { result: T }
  | { again: 'refused' | 'changed' }
  | { again: 'conflict'; etag: string; about: LogFields }

const etagNotAccepted = (): BridgeError =>
  systemicError(
    'AEM_ETAG_NOT_ACCEPTED',
    'AEM refuses the ETag that it gives (412), again and again: something between this app and AEM changes ETags, by compression for example',
    { upstream: 'AEM', status: 412 },
  )
