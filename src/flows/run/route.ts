import { processingCompleted } from '../../events/cloud-event'
import { decodeEvent, publicationOf } from '../../events/decode'
import type { AssetEvent } from '../../events/event'

/** Where an event goes. */
export type Route = {
  action: 'generic' | 'export-asset'
  /** The same for the work of one action on one asset; undefined for what stands by itself. */
  subject: string | undefined
  /** Events about one asset that follow each other and have the same kind lead to the same. */
  kind: string
}

/** The action whose flow an event is for; undefined for one that leads to nothing. What is no event becomes a dead letter of export. */
export function routeOf(raw: unknown): Route | undefined {
  try {
    return routed(decodeEvent(raw))
  } catch {
    return { action: 'export-asset', subject: undefined, kind: '' }
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
  // By these two an event is judged before anybody looks at the asset.
  const kind = JSON.stringify([publicationOf(event.type) ?? event.type, event.tier ?? 'publish'])
  return { action, subject, kind }
}
