import { transientError } from '../../core/errors'
import type { ListedObject } from '../../plugin/destination'
import type { FlowContext } from '../event-flow'
import type { FileOutcome, Outcome } from '../outcome'
import { reserveMs } from '../reserve'
import { keysOf } from './asset-files'
import { atDestination } from './deliver-asset'
import { type ExportEventParts, findAsset, removers, skipped, type Task } from './export-task'
import { prefixOf } from './owner'

/** The time kept for the record of what is left. */
const endMs = 10_000

/**
 * Removes the files of a folder that was deleted. AEM lists nothing of it any more, so the destinations are asked what
 * they hold of it. A file is removed only when AEM says that its asset is gone. When the time ends the work comes again,
 * and finds what is left.
 * @throws {BridgeError} never for one destination: what fails there is in the outcome
 */
export async function removeFolder(
  task: Task,
  parts: ExportEventParts,
  context: FlowContext,
): Promise<Outcome> {
  const { path } = task.event
  const { onlyDestination, call } = context
  if (parts.exports.onDelete !== 'remove') return skipped('config/destinations.ts keeps what was deleted')
  const prefix = path === undefined ? undefined : prefixOf(path, parts)
  const named = removers(parts).filter((name) => onlyDestination === undefined || name === onlyDestination)
  const names = prefix === undefined ? [] : named.filter((name) => parts.destination(name).list !== undefined)
  const others = named.filter((name) => !names.includes(name))
  if (others.length > 0)
    call.logger.warn('a folder was deleted, and these destinations cannot tell what they hold of it', {
      path,
      destinations: others,
    })
  if (names.length === 0) return skipped('a folder was deleted: no destination can tell what it holds of it')
  const destinations = await Promise.all(
    names.map((name) => {
      const act = () => removeListed(name, prefix ?? '', task, parts, context)
      return atDestination(name, task.work, act, context)
    }),
  )
  return { kind: 'exported', destinations }
}

async function removeListed(
  name: string,
  prefix: string,
  { event, origin }: Task,
  parts: ExportEventParts,
  { call, clock }: FlowContext,
): Promise<readonly FileOutcome[]> {
  const destination = parts.destination(name)
  const endsAt = call.deadline - reserveMs(endMs, call.deadline - clock.now())
  const files: FileOutcome[] = []
  /** Several files of one asset stand side by side. */
  let last: { id: string; isGone: boolean } | undefined

  for await (const listed of destination.list?.({ prefix }, call) ?? []) {
    if (clock.now() >= endsAt)
      throw transientError('TIME_IS_UP', 'the time ended before all files of a deleted folder were removed')
    if (!(await isGone(listed))) continue
    await destination.remove?.(listed.key, call)
    files.push({ key: listed.key, outcome: 'removed', bytes: 0 })
  }
  return files

  /** An older version wrote no id: then the path tells, for the originals. */
  async function isGone({ key, assetId }: ListedObject): Promise<boolean> {
    if (assetId !== undefined) {
      if (last?.id !== assetId)
        last = {
          id: assetId,
          isGone: (await findAsset({ origin, id: assetId }, parts, call)) === undefined,
        }
      return last.isGone
    }
    const path = `${event.path ?? ''}/${key.slice(prefix.length)}`
    const asset = { path, name: path.slice(path.lastIndexOf('/') + 1), metadata: {} }
    if (keysOf(asset, parts)[0] !== key) return false
    return (await findAsset({ origin, path }, parts, call)) === undefined
  }
}
