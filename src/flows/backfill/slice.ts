import * as v from 'valibot'
import type { AssetRef } from '../../core/asset'
import { startAttempt } from '../../core/attempt'
import { type CallContext, withSignal } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { permanentError } from '../../core/errors'
import { isJsonValue, type JsonValue, jsonBytes } from '../../core/json'
import { ExplainedFactSchema } from '../enrich/explained-fact'
import { OutcomeSchema } from '../outcome-schema'
import type { Worked } from './task'
import type { WorkPage } from './work-page'

/** The platform ends a blocking invocation after a minute. */
const budgetMs = 45_000
/** The platform takes 1 MB of an answer. */
const maxAnswerBytes = 600_000

const Part = v.picklist(['enrich', 'export'])

/** What a worker is given: assets of one author, and one thing to do with each. */
const Slice = v.object({
  part: Part,
  isDryRun: v.boolean(),
  isRecordOnly: v.optional(v.boolean()),
  rate: v.pipe(v.number(), v.gtValue(0)),
  origin: v.pipe(v.string(), v.url()),
  assets: v.array(v.object({ id: v.optional(v.string()), path: v.optional(v.string()) })),
})
export type Slice = v.InferOutput<typeof Slice>

/**
 * Reads what a worker is given.
 * @throws {BridgeError} permanent, `PARAMS_INVALID`
 */
export function sliceOf(asked: unknown): Slice {
  const parsed = v.safeParse(Slice, asked)
  if (parsed.success) return parsed.output
  throw permanentError('PARAMS_INVALID', 'backfill takes { part, isDryRun, rate, origin, assets }')
}

const Value = v.custom<JsonValue>((value) => isJsonValue(value))
/** What became of one asset, as it goes over the wire. */
export const Result = v.object({
  outcomes: v.array(OutcomeSchema),
  skipped: v.optional(v.string()),
  changes: v.optional(v.array(v.object({ property: v.string(), old: Value, new: Value, rule: v.string() }))),
  stored: v.optional(v.array(v.object({ destination: v.string(), key: v.string(), reason: v.string() }))),
  facts: v.optional(v.array(ExplainedFactSchema)),
  pim: v.optional(v.object({ tell: v.number(), keep: v.number() })),
})

/**
 * The worker's side: does as many of the assets as time allows. Null for those that have to be sent again.
 * @param open gives what does the page, and tells each asset that is done
 * @returns results as they go over the wire
 */
export async function workSlice(
  { origin, assets }: Slice,
  { open, clock }: { open: (onDone: (worked: Worked) => void) => WorkPage; clock: Clock },
  call: CallContext,
): Promise<readonly (Omit<Worked, 'ref'> | null)[]> {
  const refs = assets.map(
    ({ id, path }): AssetRef => ({
      origin,
      ...(id === undefined ? {} : { id }),
      ...(path === undefined ? {} : { path }),
    }),
  )
  const results = new Map<AssetRef, Omit<Worked, 'ref'>>()
  let bytes = 0
  const attempt = startAttempt(call.signal, budgetMs)
  try {
    const work = open(({ ref, ...worked }) => {
      const result = v.parse(Result, worked)
      bytes += jsonBytes(result)
      // The counts matter more than the report.
      const { changes: _, facts: __, ...short } = result
      results.set(ref, bytes > maxAnswerBytes ? short : result)
    })
    await work(refs, withSignal(call, attempt.signal, clock.now() + budgetMs)).catch((thrown) => {
      call.signal.throwIfAborted()
      if (!attempt.timedOut()) throw thrown
    })
    return refs.map((ref) => results.get(ref) ?? null)
  } finally {
    attempt.release()
  }
}
