import { backfillRecords } from '../src/app/backfill'
import type { LeaseHolder } from '../src/delivery/lease'
import type { Checkpoint } from '../src/flows/backfill/checkpoint'
import { cancelledBy, leaseName, pausedBy, takeOver } from '../src/flows/backfill/control'
import type { FlowContext } from '../src/flows/event-flow'
import type { Environment } from './environment'
import { CommandError, type CommandResult, UsageError } from './output'

type Kept = { id: string; checkpoint: Checkpoint; holder: LeaseHolder | undefined }

/** The context of a backfill, which may take days. */
export function contextOf(environment: Environment): FlowContext {
  const { logger } = environment.call()
  const call = { logger, signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY }
  return { ...environment, call, action: 'backfill' }
}

async function all(environment: Environment): Promise<readonly Kept[]> {
  const { call, ...context } = contextOf(environment)
  const { checkpoints, leases } = backfillRecords({ ...context, call })
  const kept: Kept[] = []
  for (const id of await checkpoints.ids(call.signal)) {
    const checkpoint = await checkpoints.load(id, call.signal)
    if (checkpoint === undefined) continue
    kept.push({ id, checkpoint, holder: await leases.holder(leaseName(id), call) })
  }
  return kept
}

/**
 * The backfill that is meant.
 * @throws {CommandError} there is none
 * @throws {UsageError} there are several
 */
export async function chosenId(environment: Environment, named: string | undefined): Promise<Kept> {
  const kept = await all(environment)
  const found = kept.filter(({ id }) => named === undefined || id === named)
  const [one] = found
  if (one === undefined)
    throw new CommandError(
      named === undefined ? 'no backfill is unfinished' : `no backfill ${named} is unfinished`,
    )
  if (found.length > 1)
    throw new UsageError(`there are several, name one of ${found.map(({ id }) => id).join(', ')}`)
  return one
}

/** A run that was killed has its lease for a while: the time of the last page tells. */
const stateOf = ({ holder }: Kept): string =>
  holder === undefined
    ? 'interrupted'
    : holder.owner === pausedBy
      ? 'paused'
      : holder.owner === cancelledBy
        ? 'cancelled'
        : 'running'

/** Lists the backfills that are not finished. */
export async function list(environment: Environment): Promise<CommandResult> {
  const kept = await all(environment)
  const data = kept.map((one) => {
    const { task, progress, tally, again, startedAt, updatedAt } = one.checkpoint
    const { kind, origin, folder, types, since = null, isDryRun: dryRun } = task
    const selection = { kind, host: new URL(origin).host, folder, types, since, dryRun }
    const facts = { ...tally, progress, again: again.length, startedAt, updatedAt }
    return { id: one.id, state: stateOf(one), ...selection, ...facts }
  })
  const lines = data.map(
    ({ id, state, kind, host, folder, dryRun, progress, checked, written, failed, updatedAt }) =>
      `${id}  ${state}  ${kind}${dryRun ? ' (dry run)' : ''}  ${host}  ${folder}  ${Math.floor(progress * 100)}%  ${checked} checked, ${written} written, ${failed} failed; last page at ${updatedAt}`,
  )
  return { data, lines: lines.length === 0 ? ['No backfill is unfinished.'] : lines }
}

/** Stops a run at the end of its page, and keeps how far it is. */
export async function pause(environment: Environment, named: string | undefined): Promise<CommandResult> {
  const { id } = await chosenId(environment, named)
  const context = contextOf(environment)
  await takeOver(backfillRecords(context).leases, id, pausedBy, context.call)
  return {
    data: { id, state: 'paused' },
    lines: [`${id} stops at the end of its page. npx bridge backfill resume goes on with it.`],
  }
}

/** Stops a run at the end of its page, and forgets it. */
export async function cancel(environment: Environment, named: string | undefined): Promise<CommandResult> {
  const one = await chosenId(environment, named)
  const context = contextOf(environment)
  const { checkpoints, leases } = backfillRecords(context)
  const lease = await takeOver(leases, one.id, cancelledBy, context.call)
  await checkpoints.remove(one.id, context.call.signal)
  // No run is there to find the order.
  if (stateOf(one) !== 'running') await lease.release(context.call)
  return { data: { id: one.id, state: 'cancelled' }, lines: [`${one.id} is cancelled.`] }
}
