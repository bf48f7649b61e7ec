import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import { filesOf, keysOf } from './asset-files'
import { dueAt } from './due'
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
  state: 'in-step' | 'missing' | 'stale' | 'skipped' | 'unknown'
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
  const wanted = namesIn(asset)
  const active = parts.active()
  const names = [...wanted, ...active.filter((name) => !wanted.includes(name))]
  const files = filesOf(asset, parts, call)
  // Each destination waits for it, and says what it failed with.
  files.catch(() => undefined)
  return Promise.all(
    names.map(async (name): Promise<ExplainedDestination> => {
      const due = dueAt(asset, name, now, 'state')
      const reason = due.isDue ? 'exportDestination names it' : due.reason
      const about = { name, due: due.isDue, key: keyOf(asset, parts) }
      try {
        const destination = parts.destination(name)
        const { head } = destination
        if (head === undefined)
          return { ...about, why: `${reason}; it does not tell what it holds`, state: 'unknown' }
        const states = new Set<'in-step' | 'missing' | 'stale'>()
        for (const { key, binary } of await files) {
          const held = await head.call(destination, key, call, binary)
          if (held?.declined !== undefined)
            return { ...about, due: false, why: `${reason}; ${held.declined}`, state: 'skipped' }
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

/** The destinations that the asset names; none where that cannot be read, which the rule of what is due tells. */
function namesIn(asset: Asset): readonly string[] {
  try {
    return destinationsOf(asset)
  } catch {
    return []
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
