import { createHash } from 'node:crypto'
import type { AssetRef } from '../../core/asset'
import type { JsonValue } from '../../core/json'
import type { ExplainedFact, FactCounts } from '../enrich/explained-fact'
import type { Outcome } from '../outcome'

/** What a backfill brings in step: the metadata in AEM, the files at the destinations, or both. */
export const backfillKinds = ['enrich', 'export', 'both'] as const
export type BackfillKind = (typeof backfillKinds)[number]

/** Which assets of which author a backfill is about, and what it does with them. */
export type BackfillTask = {
  kind: BackfillKind
  /** One of AEM_AUTHOR_URLS. */
  origin: string
  /** Below or equal to `/content/dam`. */
  folder: string
  /** Media types, such as `image/png`; empty for all. */
  types: readonly string[]
  /** As the operator named the start, such as `P7D`; undefined for the whole library. */
  since?: string | undefined
  /** Nothing is written. */
  isDryRun: boolean
  /** With `enrich`: no value is written, only the record of what assets in step hold. */
  isRecordOnly?: boolean | undefined
}

/** The same for each run of a task: what its checkpoint and its lease are named by. */
export const taskId = ({
  kind,
  origin,
  folder,
  types,
  since,
  isDryRun,
  isRecordOnly,
}: BackfillTask): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        ...[kind, origin, folder, types.toSorted(), since ?? null, isDryRun],
        // Where it is not asked for, the id is that of an older version.
        ...(isRecordOnly ? ['record'] : []),
      ]),
    )
    .digest('hex')
    .slice(0, 16)

/** A property of an asset that a backfill changes, and the rule that says so; null where there is no value. */
export type Change = { property: string; old: JsonValue; new: JsonValue; rule: string }

/** A file that is stored at a destination, or would be. */
export type Stored = { destination: string; key: string; reason: string }

/** What became of one asset. */
export type Worked = {
  ref: AssetRef
  /** Of its metadata, of its files, or of both in this order. */
  outcomes: readonly Outcome[]
  /** The kind of reason of the first outcome that is `skipped`: it never names an asset, a product or a person. */
  skipped?: string | undefined
  changes?: readonly Change[] | undefined
  stored?: readonly Stored[] | undefined
  /** With a dry run: what the PIM does not have, and whether it would be told. */
  facts?: readonly ExplainedFact[] | undefined
  /** How many of those; absent where nothing is ever told. */
  pim?: FactCounts | undefined
}

/**
 * Hears what is about to be written to an asset, before it is sent: so no kill loses it. It may turn out that it was
 * not made.
 */
export type OnChange = (ref: AssetRef, changes: readonly Change[]) => Promise<void>
