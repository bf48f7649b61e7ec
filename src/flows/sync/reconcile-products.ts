import type { BridgeError } from '../../core/errors'
import type { Product, ProductRef } from '../../core/product'
import type { CursorKeeper } from '../../journal/cursor'
import type { Cursor } from '../../journal/position'
import type { PimCommunicator } from '../../plugin/pim'
import { createCircuitBreaker, longestAemOutageMs } from '../circuit-breaker'
import { namedInVain } from '../enrich/mapping-warnings'
import type { FlowContext, Flows } from '../event-flow'
import { undoneOf } from '../outcome'
import { recordFailure } from '../record-failure'
import { reserveMs } from '../reserve'
import { createParking } from '../run/parking'
import type { RunResult } from '../run/run-result'
import { isOwnFailure, pimSystem } from '../systems'
import { thrownBy } from '../thrown-by'
import { idOf, type Work } from '../work'
import { allPages, findAssets } from './find-assets'
import type { PollStart } from './poll-start'
import { assetWork } from './recorded-work'
import { syncAssets } from './sync-assets'
import type { SyncParts } from './sync-products'
import { takeParkedSyncs } from './take-parked-syncs'

export type ReconcileParts = SyncParts & {
  /** One that cannot tell what has changed is not polled. */
  pim: PimCommunicator
  cursor: CursorKeeper
  start: PollStart
  /** Of what this job parks. */
  flows: Flows
  limits: {
    /** After so many milliseconds no further page is begun. */
    runMs: number
    /** Tries of parked work; then it is a dead letter. */
    maxAttempts: number
    maxPending: number
  }
}

/** Time kept to finish the current page. */
const graceMs = 60_000
/** What a run needs to get on, the answers of a slow PIM and of a slow author included. */
const shortestMs = 30_000

/**
 * Puts the products that have changed since the last run through the same flow as `pim-sync` does. It covers changes
 * without an event, and changes that `pim-sync` could not finish. The cursor moves past a page only when all its
 * products are done, parked or dead letters.
 * @throws nothing but the signal's reason
 */
export async function reconcileProducts(
  parts: ReconcileParts,
  context: FlowContext,
): Promise<RunResult & { parked: number }> {
  const { cursor, flows, limits, pim } = parts
  const parking = createParking(limits, context)
  const { parked } = parking
  const { call, redactor, clock } = context
  const breaker = createCircuitBreaker()
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
  const leftMs = call.deadline - beganAt
  const endsAt = Math.min(beganAt + limits.runMs, call.deadline - reserveMs(graceMs, leftMs))
  if (leftMs < shortestMs) call.logger.warn(tooShort, { seconds: Math.round(leftMs / 1000) })
  let checkpoint: Cursor | undefined
  let isCaughtUp = false
  let isLoaded = false
  let reason: string | undefined
  let unknownAttributes: readonly string[] = []

  let error = await thrownBy(async () => {
    // Parked work gets half of the time at most; the rest is for the poll.
    const { done, deadLettered, again } = await takeParkedSyncs({ flows, parking }, context, {
      endsAt: beganAt + (endsAt - beganAt) / 2,
    })
    counts.done += done
    counts.deadLettered += deadLettered
    counts.parked += again
    if (pim.changesSince === undefined) {
      isCaughtUp = true
      return
    }
    checkpoint = await cursor.load(call)
    isLoaded = true
    unknownAttributes = await namedInVain(parts, call)
    await poll()
  }, context)
  if (counts.updated + counts.unchanged + counts.skipped + counts.done > 0)
    for (const system of ['AEM', pimSystem]) breaker.worked(system)
  const uncounted = await thrownBy(async () => {
    counts.deadLettered += await parking.count((work, undone) => isOwnFailure(breaker, work, undone))
  }, context)
  const unsaved = isLoaded
    ? await thrownBy(async () => {
        await cursor.advance(checkpoint, call)
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
    parked: parked.size,
    details: {
      lag: lagSeconds(),
      pending: parked.size,
      cursor: checkpoint?.position ?? null,
      ...(unknownAttributes.length === 0 ? {} : { unknownAttributes: [...unknownAttributes] }),
    },
  }

  async function poll(): Promise<void> {
    const now = clock.now()
    if (checkpoint === undefined) {
      // The checkpoint is saved before any work, so that the next run begins here however this one ends.
      checkpoint = beginning(parts.start, now)
      await cursor.advance(checkpoint, call)
      await cursor.flush(call)
    }
    const began = checkpoint.began ?? now
    const covered = checkpoint.at
    reason = limitReached()
    if (reason !== undefined) {
      if (leftMs < shortestMs) reason = `${reason}: ${tooShort}`
      return
    }
    for await (const page of pim.changesSince?.(checkpoint.position, call) ?? []) {
      if (!(await doPage(page.products, now - (covered ?? began) > longestAemOutageMs))) {
        reason = limitReached()
        return
      }
      checkpoint = { position: page.cursor, at: covered, began }
      await cursor.advance(checkpoint, call)
      reason = limitReached()
      if (reason !== undefined) return
    }
    const { position } = checkpoint
    checkpoint = { position, at: began }
    isCaughtUp = true
  }

  function limitReached(): string | undefined {
    if (clock.now() >= endsAt) return 'its time is up'
    if (parked.size < limits.maxPending) return undefined
    return `PENDING_MAX: ${parked.size} units of work are parked; see what keeps them`
  }

  /** @returns false when more failed than may be parked: the next run begins with the same page */
  async function doPage(products: readonly Product[], continuesOnAemFailure: boolean): Promise<boolean> {
    counts.products += products.length
    if (products.length === 0) return true
    const refs = products.flatMap(({ identifier, uuid }): ProductRef[] => [
      { kind: 'identifier', value: identifier },
      ...(uuid === undefined ? [] : [{ kind: 'uuid' as const, value: uuid }]),
    ])
    const assets = await findAssets(refs, parts, (origin, query) =>
      allPages(parts.search, origin, query, call),
    )
    counts.assets += assets.length
    const options = { waitsMs: [], continuesOnAemFailure }
    const { counts: found, failures, stoppedBy } = await syncAssets(assets, parts, call, options)
    for (const kind of ['updated', 'unchanged', 'skipped'] as const) counts[kind] += found[kind]
    if (stoppedBy !== undefined) throw stoppedBy
    let isAccountedFor = true
    for (const { asset, error } of failures) {
      if (!(await account(assetWork(asset), error))) isAccountedFor = false
    }
    return isAccountedFor
  }

  /** What failed for good is a dead letter, what failed for now is parked: then the cursor may pass it. */
  async function account(work: Work, error: BridgeError): Promise<boolean> {
    const outcome = await recordFailure(error, work, context)
    if (outcome.kind === 'dead-letter') {
      counts.deadLettered += 1
      return true
    }
    if (outcome.kind === 'skipped') return true
    if (parked.size >= limits.maxPending && !parked.has(idOf(work))) return false
    for (const undone of undoneOf(outcome)) await parking.park(work, undone)
    counts.parked += 1
    return true
  }

  /** The age of the oldest change that may not have been read yet, in seconds; 0 when there is none. */
  function lagSeconds(): number {
    const now = clock.now()
    const since = isCaughtUp ? now : (checkpoint?.at ?? now)
    return Math.round((now - Math.min(since, ...parked.values())) / 1000)
  }
}

const tooShort =
  'the limit of this activation is too short for a run: raise timeout of reconcile in ext.config.yaml, and deploy'

function beginning(start: PollStart, now: number): Cursor {
  if (start.from === 'oldest') return { position: undefined, at: undefined }
  const at = now - start.ms
  return { position: new Date(at).toISOString(), at }
}
