import { processingCompleted } from '../../events/cloud-event'
import { decodeEvent, publicationOf } from '../../events/decode'
import type { AssetEvent } from '../../events/event'

/** Where an event goes. */
export type Route = {
  action: 'generic' | 'export-asset'
  /** The same for all work of one action on one asset; undefined for work that is independent of all other work. */
  subject: string | undefined
  /** Consecutive events about one asset with the same kind have the same result. */
  kind: string
  /** Whether a file may have to be downloaded for it. */
  needsFile: boolean
}

/**
 * The action whose flow handles an event; undefined when none does. A malformed event becomes a dead letter of
 * export.
 */
export function routeOf(raw: unknown): Route | undefined {
  try {
    return routed(decodeEvent(raw))
  } catch {
    return { action: 'export-asset', subject: undefined, kind: '', needsFile: false }
  }
}

function routed(event: AssetEvent): Route | undefined {
  const action =
    event.type === processingCompleted
      ? 'generic'
      : publicationOf(event.type) === undefined
        ? undefined
        : 'export-asset'
  if (action === undefined) return undefined
  const asset = event.path ?? event.assetId
  const subject = asset === undefined ? undefined : JSON.stringify([action, event.host ?? '', asset])
  // The flow decides by these two fields before it reads the asset.
  const kind = JSON.stringify([publicationOf(event.type) ?? event.type, event.tier ?? 'publish'])
  return { action, subject, kind, needsFile: publicationOf(event.type) === 'published' }
}
