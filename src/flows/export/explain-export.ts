import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import { timeOf } from '../../events/event'
import { unusableReason } from '../../metadata/skip'
import { filesOf, keysOf } from './asset-files'
import { type ExportParts, isVersion } from './export-asset'
import { destinationsOf } from './export-request'

/** An asset at one destination. */
export type ExplainedDestination = {
  name: string
  /** Whether it should be there. */
  due: boolean
  why: string
  /** Of the original; null when the destination is not known, or the key cannot be made. */
  key: string | null
  /** Of the original and all that goes with it. */
  state: 'in-step' | 'missing' | 'stale' | 'unknown'
}

/**
 * Explains where an asset should be, and which version each destination holds. Nothing is written.
 * @throws the signal's reason, and nothing else
 */
export async function explainExport(
  asset: Asset,
  parts: ExportParts,
  now: number,
  call: CallContext,
): Promise<readonly ExplainedDestination[]> {
  const named = namesIn(asset)
  const not = 'problem' in named ? named.problem : notDueReason(asset, now)
  const wanted = 'problem' in named ? [] : named.names
  const active = parts.active()
  const names = [...wanted, ...active.filter((name) => !wanted.includes(name))]
  const files = filesOf(asset, parts, call)
  // Each destination waits for it, and says what it failed with.
  files.catch(() => undefined)
  return Promise.all(
    names.map(async (name): Promise<ExplainedDestination> => {
      const isNamed = wanted.includes(name)
      const due = isNamed && not === undefined
      const reason = isNamed ? (not ?? 'exportDestination names it') : 'exportDestination does not name it'
      const about = { name, due, key: keyOf(asset, parts) }
      try {
        const destination = parts.destination(name)
        const { head } = destination
        if (head === undefined)
          return { ...about, why: `${reason}; it does not tell what it holds`, state: 'unknown' }
        const states = new Set<'in-step' | 'missing' | 'stale'>()
        for (const { key, binary } of await files) {
          const held = await head.call(destination, key, call, binary)
          states.add(held === undefined ? 'missing' : isVersion(held, binary) ? 'in-step' : 'stale')
        }
        const [state = 'unknown'] = states
        return { ...about, why: reason, state: states.size > 1 ? 'stale' : state }
      } catch (thrown) {
        call.signal.throwIfAborted()
        const { code, message } = toBridgeError(thrown)
        return { ...about, why: `${reason}; ${code}: ${message}`, state: 'unknown' }
      }
    }),
  )
}

/**
 * Why an asset is due at no destination, whichever it names; undefined when it is due. A publication is believed where
 * AEM tells of it; the author's metadata have `isPublishedToAemPublish`, which is false before the first one.
 */
function notDueReason(asset: Asset, now: number): string | undefined {
  const { repository, metadata } = asset
  const unusable = unusableReason(asset)
  if (unusable !== undefined) return unusable
  const { isPublishedToAemPublish: isPublished, 'aem:published': published } = repository
  if (isPublished === false || (isPublished !== true && timeOf(published) === undefined))
    return 'the asset is not published: AEM does not tell that it is on the publish tier'
  const off = timeOf(metadata.offTime) ?? timeOf(repository.offTime)
  return off !== undefined && off <= now ? 'the off time of the asset is past' : undefined
}

function namesIn(asset: Asset): { names: readonly string[] } | { problem: string } {
  try {
    return { names: destinationsOf(asset) }
  } catch (thrown) {
    const { code, message } = toBridgeError(thrown)
    return { problem: `${code}: ${message}` }
  }
}

function keyOf(asset: Asset, parts: ExportParts): string | null {
  try {
    const [key = null] = keysOf(asset, parts)
    return key
  } catch {
    // The state says what it failed with.
    return null
  }
}
