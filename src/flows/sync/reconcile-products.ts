import { type BridgeError, toBridgeError } from '../../core/errors'
import type { Product, ProductRef } from '../../core/product'
import { workId } from '../../delivery/dead-letters'
import { eventKey } from '../../events/decode'
import type { CursorKeeper } from '../../journal/cursor'
import type { Cursor } from '../../journal/place'
import { attributesIn } from '../../metadata/mapping'
import type { PimCommunicator } from '../../plugin/pim'
import type { FlowContext } from '../event-flow'
import type { Work } from '../perform'
import type { Parking } from '../run/parking'
import { attempt } from '../run/settle-down'
import type { RunResult } from '../run/supervised-run'
import { allPages, findAssets } from './find-assets'
import type { PollStart } from './poll-start'
import { assetWork } from './recorded-work'
import { syncAssets } from './sync-assets'
import type { SyncParts } from './sync-products'

export type ReconcileParts = SyncParts & {
  pim: PimCommunicator & Required<Pick<PimCommunicator, 'changesSince'>>
  cursor: CursorKeeper
  start: PollStart
  parking: Parking
  /** What is parked of this job's work: since when, by id. */
  parked: ReadonlyMap<string, number>
  /** Does what was parked and is due; tells how much of it worked. */
  takeParked(run: { endsAt: number }): Promise<{ done: number; deadLettered: number; again: number }>
  limits: {
    /** After so many milliseconds no further page is begun. */
    runMs: number
    maxPending: number
  }
}

/** What AEM refuses for so long is no outage any more: else the poll would stand at such a page for ever. */
const longestOutageMs = 6 * 3_600_000
/** Kept for a page that has begun. */
const graceMs = 60_000

/**
 * Puts the products that have changed since the last run through the same flow as `pim-sync` does. It finds what no
 * event told, and what a run of `pim-sync` could not do. The cursor stands behind what is done, parked or a dead
 * letter.
 * @throws nothing but the signal's reason
 */
export async function reconcileProducts(parts: ReconcileParts, context: FlowContext): Promise<RunResult> {
  const { clock, cursor, limits, parking, parked, pim } = parts
  const { call, redactor } = context
  const counts = {
    products: 0,
    assets: 0,
    updated: 0,
    unchanged: 0,
    skipped: 0,
    done: 0,
    parked: 0,
    deadLettered: 0,
  }
  const beganAt = clock.now()
  const endsAt = Math.min(beganAt + limits.runMs, call.deadline - graceMs)
  let place: Cursor | undefined
  let isCaughtUp = false
  let isLoaded = false
  let reason: string | undefined
  let unknownAttributes: readonly string[] = []

  let error = await attempt(async () => {
    // The other half is the poll's, whatever is parked.
    const { done, deadLettered, again } = await parts.takeParked({ endsAt: beganAt + (endsAt - beganAt) / 2 })
    counts.done += done
    counts.deadLettered += deadLettered
    counts.parked += again
    place = await cursor.load(call)
    isLoaded = true
    unknownAttributes = await namedInVain(parts, context)
    await poll()
  }, context)
  const hasWorked = counts.updated + counts.unchanged + counts.skipped + counts.done > 0
  const uncounted = await attempt(async () => {
    counts.deadLettered += await parking.count(
      ({ failureClass }) => failureClass === 'transient' && hasWorked,
    )
  }, context)
  const unsaved = isLoaded
    ? await attempt(async () => {
        await cursor.advance(place, call)
        await cursor.flush(call)
      }, context)
    : undefined
  error ??= uncounted ?? unsaved

  const outcome = error !== undefined ? 'failed' : isCaughtUp ? 'done' : 'stopped'
  return {
    outcome,
    message: redactor.text(error?.message ?? reason ?? 'every product that changed is accounted for'),
    ...(error === undefined ? {} : { error }),
    counts,
    fields: {
      lag: lagSeconds(),
      pending: parked.size,
      cursor: place?.position ?? null,
      ...(unknownAttributes.length === 0 ? {} : { unknownAttributes: [...unknownAttributes] }),
    },
  }

  async function poll(): Promise<void> {
    const now = clock.now()
    if (place === undefined) {
      // On record before anything is done: however this run ends, the next one begins here.
      place = beginning(parts.start, now)
      await cursor.advance(place, call)
      await cursor.flush(call)
    }
    const began = place.began ?? now
    const covered = place.at
    reason = limitReached()
    if (reason !== undefined) return
    for await (const page of pim.changesSince(place.position, call.signal)) {
      await doPage(page.products, now - (covered ?? began) > longestOutageMs)
      place = { position: page.cursor, at: covered, began }
      await cursor.advance(place, call)
      reason = limitReached()
      if (reason !== undefined) return
    }
    const { position } = place
    place = { position, at: began }
    isCaughtUp = true
  }

  function limitReached(): string | undefined {
    if (clock.now() >= endsAt) return 'its time is up'
    if (parked.size < limits.maxPending) return undefined
    return `PENDING_MAX: ${parked.size} pieces of work are parked; see what keeps them`
  }

  async function doPage(products: readonly Product[], endures: boolean): Promise<void> {
    counts.products += products.length
    if (products.length === 0) return
    const refs = products.flatMap(({ identifier, uuid }): ProductRef[] => [
      { kind: 'identifier', value: identifier },
      ...(uuid === undefined ? [] : [{ kind: 'uuid' as const, value: uuid }]),
    ])
    const assets = await findAssets(refs, parts, (origin, query) =>
      allPages(parts.search, origin, query, call),
    )
    counts.assets += assets.length
    const options = { waitsMs: [], endures }
    const { counts: found, failures, stoppedBy } = await syncAssets(assets, parts, call, options)
    for (const kind of ['updated', 'unchanged', 'skipped'] as const) counts[kind] += found[kind]
    if (stoppedBy !== undefined) throw stoppedBy
    for (const { asset, error } of failures) await account(assetWork(asset), error)
  }

  /** What failed for good is a dead letter, what failed for now is parked: then the cursor may pass it. */
  async function account(work: Work, error: BridgeError): Promise<void> {
    const { failureClass, code, upstream } = error
    const { action, event } = work
    if (failureClass === 'permanent') {
      const id = workId(eventKey(event), event)
      const { activationId } = context
      await context.deadLetters.write({ id, action, activationId, error, event }, call.signal)
      counts.deadLettered += 1
      return
    }
    const message = redactor.text(error.message)
    await parking.park(work, { failureClass, code, message, upstream })
    counts.parked += 1
  }

  /** Since when there may be changes that nobody has looked at, in seconds; 0 when there are none. */
  function lagSeconds(): number {
    const now = clock.now()
    const since = isCaughtUp ? now : (place?.at ?? now)
    return Math.round((now - Math.min(since, ...parked.values())) / 1000)
  }
}

function beginning(start: PollStart, now: number): Cursor {
  if (start.from === 'oldest') return { position: undefined, at: undefined }
  const at = now - start.ms
  return { position: new Date(at).toISOString(), at }
}

/** A typo in the mapping writes nothing, and no failure would tell. */
async function namedInVain(
  { pim, enrichment }: ReconcileParts,
  { call }: FlowContext,
): Promise<readonly string[]> {
  const names = attributesIn(enrichment.mapping)
  if (names.length === 0 || pim.unknownAttributes === undefined) return []
  try {
    const unknown = await pim.unknownAttributes(names, call.signal)
    if (unknown.length > 0) {
      call.logger.warn(
        'the mapping in config/enrichment.ts names attributes that the PIM does not give: check code and case',
        { attributes: unknown },
      )
    }
    return unknown
  } catch (thrown) {
    call.signal.throwIfAborted()
    // It may take a permission that nothing else here needs.
    call.logger.debug('the attributes of the mapping could not be checked', {
      error: toBridgeError(thrown).toJSON(),
    })
    return []
  }
}
