import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import { isUsedBy } from '../../plugin/enrichment'
import type { EnrichOutcome, EnrichParts } from '../enrich/enrich-asset'
import { decideAndExplain, type ExplainedChange, toldOf } from '../enrich/explain-enrichment'
import { countFacts, notInStep } from '../enrich/explained-fact'
import { reasonKind } from '../enrich/reason-kind'
import { type OnProducts, thenTell } from '../enrich/then-tell'
import { inParallel } from '../in-parallel'
import { toFailure } from '../outcome'
import { batchExpected } from '../sync/batch-expected'
import { updateMetadata } from '../update-metadata'
import type { Change, OnChange, Worked } from './task'

/** Assets a page, and products that one call asks the PIM for. */
export const pageSize = 100
/** A batch waits for assets that are being read as long as one arrives this often: AEM may be slow, or paced. */
const leastPatienceMs = 2_000

export type EnrichPageParts = EnrichParts & {
  redactor: Redactor
  isDryRun: boolean
  /** Only what assets in step hold is recorded, for the rules with the owner `edited`. */
  isRecordOnly?: boolean | undefined
  onChange: OnChange
  /** Requests to AEM a second at most. */
  rate: number
  /** Hears each asset that is done, while others are not. */
  onDone?: ((worked: Worked) => void) | undefined
}

/**
 * Enriches the assets of a page as their own events would. All are read first, then the PIM is asked for the products
 * of all of them together, then what differs is written.
 * @throws the signal's reason, and nothing else
 */
export async function enrichPage(
  refs: readonly AssetRef[],
  parts: EnrichPageParts,
  call: CallContext,
): Promise<readonly Worked[]> {
  const begin = batchExpected(parts.pim, {
    clock: parts.clock,
    call,
    count: refs.length,
    maxWaiting: pageSize,
    patienceMs: Math.max(leastPatienceMs, 3_000 / parts.rate),
  })
  const results = new Map<AssetRef, Worked>()
  await inParallel(refs, pageSize, async (ref) => {
    const { pim, end } = begin()
    const worked = await enrichOne(ref, { ...parts, pim }, call)
    results.set(ref, worked)
    parts.onDone?.(worked)
    end()
  })
  return refs.flatMap((ref) => results.get(ref) ?? [])
}

async function enrichOne(ref: AssetRef, parts: EnrichPageParts, call: CallContext): Promise<Worked> {
  try {
    let changes: readonly Change[] = []
    const { isDryRun, isRecordOnly } = parts
    const enrich = (onProducts?: OnProducts) =>
      updateMetadata<EnrichOutcome>(
        ref,
        parts,
        {
          keeps: isUsedBy(parts.enrichment),
          async decide(asset, own) {
            // The answer of the PIM is that of all, and counts for none: so more can be read while this one waits for it.
            own.memory?.commit()
            const about = { isRecordOnly, onProducts }
            const { decision, changes: explained } = await decideAndExplain(asset, parts, own, about)
            changes = explained.filter(({ action }) => action !== 'keep').map(changeOf)
            const isWritten = changes.length > 0 && !isDryRun
            if (isWritten) await parts.onChange({ ...ref, id: asset.id, path: asset.path }, changes)
            return isDryRun ? { ...decision, changes: [] } : decision
          },
        },
        call,
      )
    let found: Parameters<OnProducts> | undefined
    const remember: OnProducts = (...about) => {
      found = about
    }
    const outcome = isDryRun || isRecordOnly ? await enrich(remember) : await thenTell(parts, call, enrich)
    const { kind } = outcome
    const { told } = isDryRun && !isRecordOnly && found ? await toldOf(...found, parts, call) : {}
    const facts = told && notInStep(told)
    return {
      ref,
      outcomes: [outcome],
      ...(kind === 'skipped' ? { skipped: reasonKind(outcome.reason) } : {}),
      ...(kind === 'updated' ? { changes } : {}),
      ...(facts && { facts, pim: countFacts(facts) }),
    }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return failed(ref, thrown, parts)
  }
}

const changeOf = ({ property, old, new: next, rule }: ExplainedChange): Change => ({
  property,
  old,
  new: next,
  rule,
})

/** An asset that is gone was in the index of the search for a while. */
export function failed(ref: AssetRef, thrown: unknown, { redactor }: { redactor: Redactor }): Worked {
  const error = toBridgeError(thrown)
  return error.code === 'ASSET_NOT_FOUND'
    ? { ref, outcomes: [{ kind: 'skipped', reason: error.message }], skipped: 'gone' }
    : { ref, outcomes: [{ kind: 'retry', failure: toFailure(error, redactor) }] }
}
