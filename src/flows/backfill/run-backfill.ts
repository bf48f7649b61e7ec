import type { AssetLibrary } from '../../aem/library'
import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { chunksOf } from '../../core/chunks'
import type { Clock } from '../../core/clock'
import { type BridgeError, systemicError, toBridgeError } from '../../core/errors'
import type { Leases } from '../../delivery/lease'
import { undoneOf } from '../outcome'
import type { Again, Checkpoint, Checkpoints } from './checkpoint'
import { leaseName, type StopReason, stopReasonOf, takeOver } from './control'
import { createOutageWatch } from './outage'
import { counted, emptyTally, type Tally, verdictOf, withoutFailed } from './tally'
import { type BackfillTask, taskId, type Worked } from './task'
import type { WorkPage } from './work-page'

export type BackfillParts = {
  library: AssetLibrary
  checkpoints: Checkpoints
  leases: Leases
  clock: Clock
  work: WorkPage
  /** Pages in progress at once: one for each worker. */
  pagesAtOnce: number
  /** Assets a page, at least. */
  pageSize: number
  /** The same for all of one run, and for no other. */
  owner: string
  /** Resolves `since` of a task, when it begins. */
  sinceMs: number | undefined
  /** Hears each asset of a page, before the page counts as done. */
  onWorked(worked: Worked): Promise<void>
  onProgress(checkpoint: Checkpoint): void
}

/** How a run of a backfill ended. */
export type BackfillResult = {
  tally: Tally
  /** Everything is done, but for assets that cannot be done at all. */
  done: boolean
  /** Of all runs, in milliseconds. */
  ms: number
  startedAt: string
  /** Why it is not done. */
  stopped?: StopReason | undefined
  error?: BridgeError | undefined
}

/** Each is a few dozen bytes of the checkpoint, which takes 1 MB. */
const maxAgain = 5_000

/** What is in progress, in the order of the library. */
type InProgress = { worked: Promise<readonly Worked[]>; place: { position: string; progress: number } }

/**
 * Brings a library in step, page by page. After each page there is a checkpoint, from which a later run of the same task
 * goes on; there is none once it is done. What failed for now is tried once more at the end. A system that is down
 * stops the run where it stands.
 * @throws {BridgeError} when State fails, or AEM's search
 * @throws the signal's reason
 */
export async function runBackfill(
  task: BackfillTask,
  { isRestart }: { isRestart: boolean },
  parts: BackfillParts,
  call: CallContext,
): Promise<BackfillResult> {
  const { checkpoints, leases, clock, owner } = parts
  const id = taskId(task)
  const lease = await takeOver(leases, id, owner, call)
  const held = isRestart ? undefined : await checkpoints.load(id, call.signal)
  let checkpoint = held ?? begin(task, parts)
  const before = { ms: checkpoint.ms, at: clock.now() }
  const outages = createOutageWatch()
  let ending: Pick<BackfillResult, 'stopped' | 'error'> = {}
  await checkpoints.save(id, checkpoint, call.signal)

  try {
    ending = (await readPages()) ?? (await doAgain()) ?? {}
  } catch (thrown) {
    call.signal.throwIfAborted()
    ending = { error: toBridgeError(thrown) }
  }
  const isEnded = ending.stopped === undefined && ending.error === undefined
  const done = isEnded && checkpoint.again.length === 0
  if (done) await checkpoints.remove(id, call.signal)
  if (ending.stopped === undefined) await lease.release(call)
  // The order was for this run.
  if (ending.stopped === 'cancelled') await leases.revoke(leaseName(id), call)
  const { tally, ms, startedAt } = checkpoint
  return { tally, done, ms, startedAt, ...ending }

  async function readPages(): Promise<typeof ending | undefined> {
    if (checkpoint.isRead) return undefined
    const { since, until, position } = checkpoint
    const options = {
      folder: task.folder,
      ...(task.types.length === 0 ? {} : { types: task.types }),
      by: task.kind === 'export' ? ('published' as const) : ('modified' as const),
      ...(since === undefined ? {} : { since }),
      until,
      ...(position === undefined ? {} : { after: position }),
      pageSize: parts.pageSize,
    }
    const inProgress: InProgress[] = []
    try {
      for await (const { entries, position, progress } of parts.library.pages(task.origin, options, call)) {
        const worked = parts.work(
          entries.map(({ ref }) => ref),
          call,
        )
        // It is looked at in its turn.
        worked.catch(() => undefined)
        inProgress.push({ worked, place: { position, progress } })
        if (inProgress.length < parts.pagesAtOnce) continue
        const end = await endFirst(inProgress)
        if (end !== undefined) return end
      }
      while (inProgress.length > 0) {
        const end = await endFirst(inProgress)
        if (end !== undefined) return end
      }
    } finally {
      // What has begun ends before another run can begin.
      await Promise.allSettled(inProgress.map(({ worked }) => worked))
    }
    return commit({ ...checkpoint, isRead: true, progress: 1 })
  }

  async function endFirst(inProgress: InProgress[]): Promise<typeof ending | undefined> {
    const [first] = inProgress
    if (first === undefined) return undefined
    const page = await first.worked
    inProgress.shift()
    return account(page, { ...checkpoint, ...first.place })
  }

  /** Counts a page, unless a system is down: then it is done again by the next run. */
  async function account(page: readonly Worked[], next: Checkpoint): Promise<typeof ending | undefined> {
    const error = outages.after(page)
    if (error !== undefined) return { error }
    const again = [...next.again, ...page.flatMap(againOf)]
    if (again.length > maxAgain) return { error: tooMany(again) }
    for (const worked of page) await parts.onWorked(worked)
    return commit({ ...next, tally: page.reduce(counted, next.tally), again })
  }

  /** What failed for now may work by now. */
  async function doAgain(): Promise<typeof ending | undefined> {
    const { pageSize } = parts
    for (const some of chunksOf(checkpoint.again, pageSize)) {
      const page = await parts.work(
        some.map(({ id: assetId, path }) => refOf(task.origin, assetId, path)),
        call,
      )
      const others = checkpoint.again.slice(some.length)
      const tally = withoutFailed(checkpoint.tally, some.length)
      const end = await account(page, { ...checkpoint, tally, again: others })
      if (end !== undefined) return end
    }
    return undefined
  }

  async function commit(next: Checkpoint): Promise<typeof ending | undefined> {
    const holder = await leases.holder(leaseName(id), call)
    const isOurs = holder === undefined ? await isLast() : holder.owner === owner
    if (!isOurs || !(await lease.refresh(call))) return { stopped: stopReasonOf(holder) }
    const now = clock.now()
    checkpoint = { ...next, ms: before.ms + now - before.at, updatedAt: new Date(now).toISOString() }
    await checkpoints.save(id, checkpoint, call.signal)
    parts.onProgress(checkpoint)
    return undefined
  }

  /** The lease ends by itself during a long page; or another run had it, and has ended. */
  async function isLast(): Promise<boolean> {
    const now = await checkpoints.load(id, call.signal)
    return now?.updatedAt === checkpoint.updatedAt && now.position === checkpoint.position
  }
}

const refOf = (origin: string, id: string | undefined, path: string | undefined): AssetRef => ({
  origin,
  ...(id === undefined ? {} : { id }),
  ...(path === undefined ? {} : { path }),
})

function begin(task: BackfillTask, { clock, sinceMs }: BackfillParts): Checkpoint {
  const at = new Date(clock.now()).toISOString()
  return {
    version: 1,
    task: { ...task, types: [...task.types] },
    ...(sinceMs === undefined ? {} : { since: sinceMs }),
    until: clock.now(),
    isRead: false,
    progress: 0,
    tally: { ...emptyTally, skipped: {} },
    again: [],
    ms: 0,
    startedAt: at,
    updatedAt: at,
  }
}

/** By its id where there is one: it is short, and stays when the asset is moved. */
function againOf(worked: Worked): readonly Again[] {
  if (verdictOf(worked) !== 'failed') return []
  const failures = worked.outcomes.flatMap((outcome) => undoneOf(outcome).map(({ failure }) => failure))
  const mayPass = failures.find(({ failureClass }) => failureClass !== 'permanent')
  if (mayPass === undefined) return []
  const { id, path } = worked.ref
  return [{ ...(id === undefined ? { path } : { id }), code: mayPass.code }]
}

const tooMany = (again: readonly Again[]): BridgeError =>
  systemicError(
    'BACKFILL_TOO_MANY_FAILED',
    `${again.length} assets failed for now, the last one with ${again.at(-1)?.code}: find the cause, then run the backfill again`,
  )
