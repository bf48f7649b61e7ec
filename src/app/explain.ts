import type { AuthorHosts } from '../aem/author-host'
import type { Asset } from '../core/asset'
import { BridgeError, permanentError, toBridgeError } from '../core/errors'
import { subjectOf } from '../delivery/subject'
import { decodeEvent, eventKey } from '../events/decode'
import { namesAsset } from '../events/reduce'
import { type ExplainedEnrichment, explainEnrichment } from '../flows/enrich/explain-enrichment'
import { withFights } from '../flows/enrich/explain-fights'
import type { FlowContext } from '../flows/event-flow'
import { type ExplainedDestination, explainExport } from '../flows/export/explain-export'
import { routesOf } from '../flows/run/route'
import { isSet, sourceOf } from '../inputs/values'
import { journalInputs } from '../journal/inputs'
import { accessFor } from './access'
import { readersFor } from './batch'
import { graphFor } from './enrich-graph'
import { partsFor } from './export'

/** An asset as an operator names it: by path, or by id. Without a host it is looked for at each author. */
export type NamedAsset = { path?: string; id?: string; host?: string | undefined }

/** The truth about one asset, as far as it can be found out. */
export type ExplainedAsset = {
  asset: { id: string | null; path: string | null; host: string | null }
  enrichment: ExplainedEnrichment
  destinations: readonly ExplainedDestination[]
  /** What kept this from being the whole truth. */
  problems: readonly BridgeError[]
}

/** A part of what is explained. */
export type Explained = 'enrichment' | 'destinations'

const nothing: ExplainedEnrichment = { match: { rule: null, candidates: [], products: [] }, changes: [] }

/**
 * Finds out what AEM holds, what enrichment would do with it, and which destinations hold it. Nothing is written.
 * @param about what is asked for; the rest is left empty @default both
 * @throws the signal's reason, and nothing else
 */
export async function explainAsset(
  named: NamedAsset,
  context: FlowContext,
  about: readonly Explained[] = ['enrichment', 'destinations'],
): Promise<ExplainedAsset> {
  const { call, clock } = context
  const problems: BridgeError[] = []
  const attempt = async <T>(work: () => T | Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      call.signal.throwIfAborted()
      const error = toBridgeError(thrown)
      // Several parts may fail for one reason.
      if (!problems.some(({ code, message }) => code === error.code && message === error.message))
        problems.push(error)
      return otherwise
    }
  }
  const asset = await attempt<Asset | undefined>(() => readNamed(named, context), undefined)
  if (asset === undefined) {
    const { id = null, path = null } = named
    return { asset: { id, path, host: null }, enrichment: nothing, destinations: [], problems }
  }
  const [{ problem, toldProblem, ...enrichment }, destinations] = await Promise.all([
    attempt(
      () =>
        about.includes('enrichment')
          ? explainEnrichment(asset, graphFor(context), call, { isTelling: true })
          : nothing,
      nothing,
    ),
    attempt(
      () =>
        about.includes('destinations') ? explainExport(asset, partsFor(context), clock.now(), call) : [],
      [],
    ),
  ])
  for (const one of [problem, toldProblem]) if (one !== undefined) problems.push(one)
  const known = await fightsIn(enrichment, asset, context)
  const { id, path, origin } = asset
  return {
    asset: { id, path: path === '' ? (named.path ?? null) : path, host: new URL(origin).host },
    enrichment: known,
    destinations,
    problems,
  }
}

/** Without State, what would be done is known all the same: a dry run needs no credentials of State. */
async function fightsIn(
  enrichment: ExplainedEnrichment,
  asset: Asset,
  { store, clock, call }: FlowContext,
): Promise<ExplainedEnrichment> {
  try {
    return await withFights(enrichment, asset, { store, clock, signal: call.signal })
  } catch (thrown) {
    call.signal.throwIfAborted()
    call.logger.warn('State does not tell which values another system puts back', {
      error: toBridgeError(thrown).toJSON(),
    })
    return enrichment
  }
}

/**
 * Reads the asset from the author that has it.
 * @throws {BridgeError} permanent, `ASSET_NOT_FOUND`, when none has; what AEM fails with
 */
export async function readNamed({ path, id, host }: NamedAsset, context: FlowContext): Promise<Asset> {
  const { hosts, assets } = accessFor(context)
  const origins = host === undefined ? hosts.origins : [hosts.resolve(host)]
  let missing: BridgeError | undefined
  for (const origin of origins) {
    const ref = { origin, ...(path === undefined ? {} : { path }), ...(id === undefined ? {} : { id }) }
    const found = await assets.readAsset(ref, context.call).catch((thrown) => {
      if (!(thrown instanceof BridgeError) || thrown.code !== 'ASSET_NOT_FOUND') throw thrown
      missing ??= thrown
    })
    if (found !== undefined) return found
  }
  throw missing ?? permanentError('ASSET_NOT_FOUND', 'no author has the asset')
}

/** Whether what an event, or recorded work, is about is this asset. */
export function isAbout(event: unknown, { id, path }: ExplainedAsset['asset']): boolean {
  const subject = subjectOf(event)
  return (path !== null && subject.path === path) || (id !== null && subject.assetId === id)
}

/** An event of an asset in a journal. */
export type JournalEntry = {
  id: string
  type: string
  /** ISO 8601; null when the event does not tell. */
  time: string | null
  host: string | null
  /** Whose work it is; null when it is for others. */
  action: string | null
  /** Why its host gets nothing. */
  problem?: string
}

/** The events of an asset, oldest first, and how far the journals were read. */
export type JournalEvents = {
  events: readonly JournalEntry[]
  /** How many were found before those. */
  earlier: number
  read: readonly JournalExtent[]
}

export type JournalExtent = {
  entries: number
  /** ISO 8601, of the last entry that was read; null when there was none with a time. */
  until: string | null
  stopped: 'end' | 'limit'
}

const maxEntries = 10_000
const maxShown = 100

/**
 * The last events of an asset: each journal is read from so long ago, 10,000 entries at most.
 * @param since an ISO-8601 duration, and the same in milliseconds
 * @returns undefined when no journal is set up
 * @throws {BridgeError} what the journal fails with
 */
export async function lastEvents(
  asset: ExplainedAsset['asset'],
  since: { text: string; ms: number },
  context: FlowContext,
): Promise<JournalEvents | undefined> {
  if (!isSet(journalInputs, 'JOURNAL_URL', sourceOf(context.inputs))) return undefined
  const { hosts } = accessFor(context)
  const events: JournalEntry[] = []
  const read: JournalExtent[] = []
  for (const { reader } of readersFor(context).readers) {
    let [entries, isLimit] = [0, false]
    let until: number | undefined
    const start = { from: 'back', duration: since.text, ms: since.ms } as const
    for await (const page of reader.pages(start, context.call)) {
      if (page.kind === 'gone') continue
      const taken = page.events.slice(0, maxEntries - entries)
      entries += taken.length
      until = taken.at(-1)?.at ?? until
      events.push(
        ...taken.flatMap(({ event }) =>
          namesAsset(event) && isAbout(event, asset) ? entryOf(event, hosts) : [],
        ),
      )
      isLimit = entries >= maxEntries
      if (isLimit) break
    }
    read.push({ entries, until: iso(until), stopped: isLimit ? 'limit' : 'end' })
  }
  events.sort((a, b) => (a.time ?? '').localeCompare(b.time ?? ''))
  return { events: events.slice(-maxShown), earlier: Math.max(0, events.length - maxShown), read }
}

function entryOf(raw: unknown, hosts: AuthorHosts): JournalEntry {
  const { type, time, host } = decodeEvent(raw)
  const entry = {
    id: eventKey(raw).id,
    type,
    time: iso(time),
    host: typeof host === 'string' ? host : null,
    action: routesOf(raw)[0]?.action ?? null,
  }
  try {
    hosts.resolve(host)
    return entry
  } catch (thrown) {
    const { code, message } = toBridgeError(thrown)
    return { ...entry, problem: `${code}: ${message}` }
  }
}

const iso = (time: number | undefined): string | null =>
  time === undefined ? null : new Date(time).toISOString()
