import { type AuthorAccess, openAuthors } from '../aem/author-access'
import { type AssetLibrary, createAssetLibrary } from '../aem/library'
import { systemClock, systemRandom } from '../core/clock'
import type { Activations } from '../delivery/activations'
import { createLeases } from '../delivery/lease'
import { openCheckpoints } from '../flows/backfill/checkpoint'
import { type EnrichPageParts, pageSize } from '../flows/backfill/enrich-page'
import type { ExportPageParts } from '../flows/backfill/export-page'
import { sliceOf, workRemotely, workSlice as workWithin } from '../flows/backfill/remote-page'
import { type BackfillParts, type BackfillResult, runBackfill } from '../flows/backfill/run-backfill'
import type { BackfillKind, BackfillTask, OnChange, Worked } from '../flows/backfill/task'
import { type WorkPage, workHere } from '../flows/backfill/work-page'
import type { FlowContext } from '../flows/event-flow'
import type { HttpClient } from '../http/http-client'
import { createMemoryGate } from '../http/memory-gate'
import { createPacer, type Pacer } from '../http/pacer'
import { accessFor, httpFor } from './access'
import { graphFor } from './enrich'
import { partsFor } from './export'
import { readRunSettings } from './run-settings'
import { readSettings } from './settings'

/** How a backfill works, whatever it is about. */
export type BackfillOptions = {
  isRestart: boolean
  /** Requests to AEM a second at most. */
  rate: number
  /** Activations that do the pages; undefined when this process does them. */
  workers?: number | undefined
  sinceMs: number | undefined
  owner: string
  /** Starts the workers. */
  activations: Activations
  onChange: OnChange
  onWorked: BackfillParts['onWorked']
  /** @param rate requests to AEM a second that are sent at most now */
  onProgress(checkpoint: Parameters<BackfillParts['onProgress']>[0], rate: number): void
}

/** Answers of AEM that are held at once, in bytes as they are received. */
const heldBytes = 24 * 1024 * 1024
/** Requests at once: enough for the rate at the time that an author usually takes for an answer. */
const concurrencyFor = (rate: number, configured: number): number =>
  Math.max(configured, Math.min(100, Math.ceil(rate / 2)))

/** The authors that may be named by `--host`. */
export const backfillHosts = (context: FlowContext) => accessFor(context).hosts

/** The checkpoints and leases of backfills. */
export const backfillRecords = ({ store, clock }: FlowContext) => ({
  checkpoints: openCheckpoints(store),
  leases: createLeases({ store, clock }),
})

/**
 * Brings a library in step, from where an earlier run of the same task has got to.
 * @throws {BridgeError} what `runBackfill` throws; systemic, `INPUT_INVALID`
 */
export function backfill(
  task: BackfillTask,
  options: BackfillOptions,
  context: FlowContext,
): Promise<BackfillResult> {
  const { workers, rate, onChange } = options
  const paced = openPaced(rate, context)
  const here = (kind: BackfillKind): WorkPage =>
    workHere(partsOf(kind, task.isDryRun, onChange, paced, context))
  const work =
    workers === undefined
      ? here(task.kind)
      : workRemotely(
          {
            parts: task.kind === 'both' ? ['enrich', 'export'] : [task.kind],
            isDryRun: task.isDryRun,
            rate: rate / workers,
          },
          {
            activations: options.activations,
            here: { enrich: here('enrich'), export: here('export') },
          },
        )
  const parts: BackfillParts = {
    ...backfillRecords(context),
    library: paced.library,
    clock: systemClock,
    work,
    pagesAtOnce: workers ?? 1,
    pageSize,
    owner: options.owner,
    sinceMs: options.sinceMs,
    onWorked: options.onWorked,
    onProgress: (checkpoint) => options.onProgress(checkpoint, paced.pacer.rate()),
  }
  return runBackfill(task, options, parts, context.call)
}

/**
 * The part of an activation in a backfill.
 * @throws {BridgeError} permanent, `PARAMS_INVALID`
 */
export function workSlice(
  asked: unknown,
  context: FlowContext,
): Promise<readonly (Omit<Worked, 'ref'> | null)[]> {
  const slice = sliceOf(asked)
  const { hosts } = accessFor(context)
  const origin = hosts.resolve(new URL(slice.origin).host)
  const paced = openPaced(slice.rate, context)
  const open = (onDone: (worked: Worked) => void): WorkPage => {
    const parts = partsOf(slice.part, slice.isDryRun, async () => undefined, paced, context)
    return workHere({
      enrich: parts.enrich && { ...parts.enrich, onDone },
      export: parts.export && { ...parts.export, onDone },
    })
  }
  return workWithin({ ...slice, origin }, { open, clock: systemClock }, context.call)
}

type Paced = AuthorAccess & { library: AssetLibrary; pacer: Pacer; rate: number }

/** The authors by a client of its own: the events of the same process are not kept waiting. */
function openPaced(rate: number, context: FlowContext): Paced {
  const settings = readSettings(context.inputs)
  const pacer = createPacer({ perSecond: rate, clock: systemClock })
  const http = httpFor(context)
  const pacedHttp: HttpClient = {
    upstream: (options) =>
      http.upstream(options.name === 'AEM' ? { ...options, shared: pacer.limit } : options),
  }
  const access = openAuthors(
    { ...settings, AEM_CONCURRENCY: concurrencyFor(rate, settings.AEM_CONCURRENCY) },
    { http: pacedHttp, redactor: context.redactor, clock: systemClock },
  )
  return { ...access, library: createAssetLibrary(access.author), pacer, rate }
}

function partsOf(
  kind: BackfillKind,
  isDryRun: boolean,
  onChange: OnChange,
  { assets, rate }: Paced,
  context: FlowContext,
): { enrich: EnrichPageParts | undefined; export: ExportPageParts | undefined } {
  const { redactor } = context
  const own = { assets, isDryRun, redactor, clock: systemClock, random: systemRandom }
  return {
    enrich:
      kind === 'export'
        ? undefined
        : { ...graphFor(context), ...own, onChange, rate, memory: createMemoryGate(heldBytes) },
    export:
      kind === 'enrich'
        ? undefined
        : {
            ...partsFor(context),
            ...own,
            renditionNames: (asset, call) => assets.renditionNames(asset, call),
            concurrency: readRunSettings(context.inputs).EXPORT_CONCURRENCY,
          },
  }
}
