import { publications, readEvent } from '../../events/decode'

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
 * The action whose flow handles an event; undefined when none does, as for an event that is for others. A malformed
 * event becomes a dead letter of export.
 */
export function routeOf(raw: unknown): Route | undefined {
  try {
    return routed(raw)
  } catch {
    return { action: 'export-asset', subject: undefined, kind: '', needsFile: false }
  }
}

function routed(raw: unknown): Route | undefined {
  const reading = readEvent(raw, ['processed', ...publications], true)
  if (reading.ignored !== undefined) return undefined
  const { event, happening } = reading
  const action = happening === 'processed' ? 'generic' : 'export-asset'
  const asset = event.path ?? event.assetId
  const subject = asset === undefined ? undefined : JSON.stringify([action, event.host ?? '', asset])
  // The flow decides by these two fields before it reads the asset.
  const kind = JSON.stringify([happening, event.tier ?? 'publish'])
  return { action, subject, kind, needsFile: happening === 'published' }
}
