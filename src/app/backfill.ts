import { createAssetLibrary } from '../aem/library'
import { systemClock } from '../core/clock'
import type { Activations } from '../delivery/activations'
import { createLeases } from '../delivery/lease'
import { openCheckpoints } from '../flows/backfill/checkpoint'
import { pageSize } from '../flows/backfill/enrich-page'
import { pagesFor, workRemotely } from '../flows/backfill/remote-page'
import { type BackfillParts, type BackfillResult, runBackfill } from '../flows/backfill/run-backfill'
import type { BackfillKind, BackfillTask, OnChange } from '../flows/backfill/task'
import { type WorkPage, workHere } from '../flows/backfill/work-page'
import type { FlowContext } from '../flows/event-flow'
import { accessFor } from './access'
import { openPaced, partsOf } from './backfill-pages'

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
  const here = (kind: BackfillKind): WorkPage => workHere(partsOf(kind, task, onChange, paced, context))
  const work =
    workers === undefined
      ? here(task.kind)
      : workRemotely(
          {
            parts: task.kind === 'both' ? ['enrich', 'export'] : [task.kind],
            isDryRun: task.isDryRun,
            isRecordOnly: task.isRecordOnly,
            rate: rate / workers,
            workers,
          },
          {
            activations: options.activations,
            here: { enrich: here('enrich'), export: here('export') },
          },
        )
  const parts: BackfillParts = {
    ...backfillRecords(context),
    library: createAssetLibrary(paced.author),
    clock: systemClock,
    work,
    ...(workers === undefined ? { pagesAtOnce: 1, pageSize } : pagesFor(workers, rate)),
    owner: options.owner,
    sinceMs: options.sinceMs,
    onWorked: options.onWorked,
    onProgress: (checkpoint) => options.onProgress(checkpoint, paced.pacer.rate()),
  }
  return runBackfill(task, options, parts, context.call)
}
