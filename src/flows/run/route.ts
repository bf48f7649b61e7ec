import { publications, readEvent } from '../../events/decode'
import { changes } from '../../events/happening'
import { actionsFor } from '../work'

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
 * The actions whose flows handle an event, one route each; none when it is for others. A malformed event becomes a dead
 * letter of export. What was changed or moved goes through both flows, so that one journal is enough.
 */
export function routesOf(raw: unknown): readonly Route[] {
  try {
    return routed(raw)
  } catch {
    return [{ action: 'export-asset', subject: undefined, kind: '', needsFile: false }]
  }
}

/** The route of an event to one of its actions, as records name it. */
export function routeTo(action: string, raw: unknown): Route | undefined {
  const routes = routesOf(raw)
  return routes.find((route) => route.action === action) ?? routes[0]
}

function routed(raw: unknown): readonly Route[] {
  const reading = readEvent(raw, ['processed', ...publications, ...changes], true)
  if (reading.ignored !== undefined) return []
  const { event, happening } = reading
  const asset = event.path ?? event.assetId
  // The flow decides by these fields before it reads the asset.
  const kind = JSON.stringify([happening, event.tier ?? 'publish', event.previousPath, event.assetClass])
  return actionsFor(happening).map((action) => ({
    action,
    subject: asset === undefined ? undefined : JSON.stringify([action, event.host ?? '', asset]),
    kind,
    needsFile: action === 'export-asset' && happening !== 'unpublished' && happening !== 'deleted',
  }))
}
