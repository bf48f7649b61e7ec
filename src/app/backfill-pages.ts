import { type AuthorAccess, openAuthors } from '../aem/author-access'
import { systemClock, systemRandom } from '../core/clock'
import type { EnrichPageParts } from '../flows/backfill/enrich-page'
import type { ExportPageParts } from '../flows/backfill/export-page'
import { sliceOf, workSlice as workWithin } from '../flows/backfill/slice'
import type { BackfillKind, BackfillTask, OnChange, Worked } from '../flows/backfill/task'
import { type WorkPage, workHere } from '../flows/backfill/work-page'
import type { FlowContext } from '../flows/event-flow'
import type { HttpClient } from '../http/http-client'
import { createMemoryGate } from '../http/memory-gate'
import { createPacer, type Pacer } from '../http/pacer'
import { accessFor, httpFor } from './access'
import { graphFor } from './enrich-graph'
import { partsFor } from './export'
import { readRunSettings } from './run-settings'
import { readSettings } from './settings'

/** Answers of AEM that are held at once, in bytes as they are received. */
const heldBytes = 24 * 1024 * 1024
/** Requests at once: enough for the rate where an answer takes two seconds. */
const concurrencyFor = (rate: number, configured: number): number =>
  Math.max(1, Math.min(configured, Math.ceil(rate * 2)))

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
    const parts = partsOf(slice.part, slice, async () => undefined, paced, context)
    return workHere({
      enrich: parts.enrich && { ...parts.enrich, onDone },
      export: parts.export && { ...parts.export, onDone },
    })
  }
  return workWithin({ ...slice, origin }, { open, clock: systemClock }, context.call)
}

type Paced = AuthorAccess & { pacer: Pacer; rate: number }

/** The authors by a client of its own: the events of the same process are not kept waiting. */
export function openPaced(rate: number, context: FlowContext): Paced {
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
  return { ...access, pacer, rate }
}

/** What the pages of a kind are done with. */
export function partsOf(
  kind: BackfillKind,
  { isDryRun, isRecordOnly }: Pick<BackfillTask, 'isDryRun' | 'isRecordOnly'>,
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
        : {
            ...{ ...graphFor(context), ...own, isRecordOnly, onChange, rate },
            memory: createMemoryGate(heldBytes),
            run: {},
          },
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
