import type { AssetLibrary, LibraryEntry } from '../aem/library'
import { permanentError, transientError } from '../core/errors'
import { isRecord } from '../core/json'
import type { AssetEvent } from '../events/event'
import { madeEvent } from '../events/made-event'
import { unwrap } from '../events/unwrap'
import type { EventFlow, FlowContext } from './event-flow'
import { inParallel } from './in-parallel'
import { type FolderDone, type Outcome, toError, undoneOf } from './outcome'
import { perform } from './perform'
import { recordHandOver, recordRetry } from './record-failure'
import { reserveMs } from './reserve'
import { idOf, partOf, type Work } from './work'

// AEM may tell of a folder in one event, whatever lies below it. Each asset below it is then work of its own.

const pageSize = 100
const atOnce = 8
/** The time kept for a page that has begun, and for the record of the rest. */
const endMs = 15_000

/** What a folder's work needs. */
export type FolderParts = {
  library: AssetLibrary
  /** The flow of the action, for one asset. */
  flow: EventFlow
  /** Hands the rest to another activation at once. Without it the next run takes the record. */
  goOn?: ((rest: Work) => Promise<unknown>) | undefined
}

/**
 * Takes each asset below a folder through a flow, page by page, as if AEM had told of each. An asset that fails for now
 * is parked by itself. When the time ends, the rest is on record before this returns.
 * @param event of a folder, decoded; `raw` as it came
 * @throws {BridgeError} when AEM cannot list the folder, State fails, or each asset of a page fails for now: the folder
 * comes again as a whole, and what is in step is only compared
 */
export async function eachBelow(
  { raw, event, origin }: { raw: unknown; event: AssetEvent; origin: string },
  parts: FolderParts,
  context: FlowContext,
): Promise<FolderDone> {
  const { call, clock, action } = context
  const { path } = event
  if (path === undefined || !path.startsWith('/content/dam/'))
    throw permanentError('EVENT_MALFORMED', 'the event names a folder without its path below /content/dam')
  const { after, until = clock.now() } = restOf(raw)
  const endsAt = call.deadline - reserveMs(endMs, call.deadline - clock.now())
  const done: FolderDone = { kind: 'folder', path, assets: 0, changed: 0, failed: 0 }
  const options = {
    folder: path,
    by: 'modified',
    until,
    pageSize,
    ...(after === undefined ? {} : { after }),
  } as const
  let position = after

  for await (const page of parts.library.pages(origin, options, call)) {
    const isDone = await takePage(page.entries)
    if (isDone) position = page.position
    if (isDone && clock.now() < endsAt) continue
    if (isDone && page.progress >= 1) return done
    return { ...done, rest: await keepRest() }
  }
  return done

  /** @returns whether all of it is accounted for; otherwise the time is up */
  async function takePage(entries: readonly LibraryEntry[]): Promise<boolean> {
    const undone: (() => Promise<unknown>)[] = []
    const failures: Error[] = []
    let left = 0
    await inParallel(entries, atOnce, async ({ ref }) => {
      if (clock.now() >= endsAt) {
        left += 1
        return
      }
      const work = { action, event: eventOf(raw, event, ref) }
      const outcome = await perform(work, { [action]: parts.flow }, context)
      done.assets += 1
      if (hasChanged(outcome)) done.changed += 1
      if (outcome.kind === 'dead-letter') done.failed += 1
      for (const one of undoneOf(outcome)) {
        failures.push(toError(one.failure))
        undone.push(() => recordRetry(partOf(work, one.destination), one.failure, context))
      }
    })
    const [failure] = failures
    if (failure !== undefined && undone.length >= entries.length - left) throw failure
    for (const record of undone) await record()
    done.failed += undone.length
    return left === 0
  }

  async function keepRest(): Promise<string> {
    const rest = { action, event: restEvent(raw, event, { after: position, until }) }
    const id = idOf(rest)
    // The same record would be removed as soon as this part is accounted for.
    if (id === idOf({ action, event: raw })) throw tooSlow(path ?? '')
    await (parts.goOn ?? ((work) => recordHandOver(work, context)))(rest)
    return id
  }
}

const tooSlow = (path: string): Error =>
  transientError('TIME_IS_UP', `the time ended before a page of the assets below ${path} was done`)

const hasChanged = (outcome: Outcome): boolean =>
  outcome.kind === 'updated' ||
  (outcome.kind === 'exported' &&
    outcome.destinations.some(
      (one) => one.kind === 'done' && one.files.some((file) => file.outcome !== 'unchanged'),
    ))

type Rest = { after?: string | undefined; until?: number | undefined }

/** Where the work on a folder goes on. */
function restOf(raw: unknown): Rest {
  const { data } = unwrap(raw).envelopes.at(-1) ?? {}
  const rest = isRecord(data) && isRecord(data.rest) ? data.rest : {}
  return {
    after: typeof rest.after === 'string' ? rest.after : undefined,
    until: typeof rest.until === 'number' ? rest.until : undefined,
  }
}

/** A key of its own: the record of the rest must not be taken for that of the part that is done. */
const restEvent = (raw: unknown, event: AssetEvent, rest: Rest): unknown =>
  made(raw, event, { path: event.path, assetClass: event.assetClass, from: event.previousPath }, rest)

function eventOf(raw: unknown, event: AssetEvent, { id, path }: LibraryEntry['ref']): unknown {
  const { path: folder = '', previousPath } = event
  const from = previousPath === undefined ? undefined : `${previousPath}${path.slice(folder.length)}`
  return made(raw, event, { id, path, from })
}

const restMark = ' rest '

/** An event about something else that happened by the same cause. */
function made(
  raw: unknown,
  { key, type, host, time, tier }: AssetEvent,
  about: {
    id?: string | undefined
    path: string | undefined
    assetClass?: string | undefined
    from: string | undefined
  },
  rest?: Rest,
): unknown {
  const { id, path, assetClass = 'file', from } = about
  const { source } = unwrap(raw).envelopes.at(-1) ?? {}
  const part = rest === undefined ? ` ${id ?? path}` : `${restMark}${rest.after ?? ''}`
  const [whole = ''] = key.id.split(restMark)
  return madeEvent({
    id: `${whole}${part}`,
    source: source ?? key.source,
    type,
    host,
    time,
    assetId: id,
    path,
    assetClass,
    previousPath: from,
    tier,
    ...(rest === undefined ? {} : { more: { rest } }),
  })
}

/** AEM has the class of what it tells of: `file`, `directory`, and others. */
export const isFolder = ({ assetClass }: AssetEvent): boolean => assetClass === 'directory'
