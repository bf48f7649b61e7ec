import { processingCompleted } from '../events/cloud-event'
import { decodeEvent, publicationOf } from '../events/decode'
import type { AssetEvent } from '../events/event'

/** Where an event goes. */
export type Route = {
  action: 'generic' | 'export-asset'
  /** The same for events about the same asset that lead to the same work; undefined for what stands by itself. */
  subject: string | undefined
}

/** The action whose flow an event is for; undefined for one that leads to nothing. What is no event becomes a dead letter of export. */
export function routeOf(raw: unknown): Route | undefined {
  let event: AssetEvent
  try {
    event = decodeEvent(raw)
  } catch {
    return { action: 'export-asset', subject: undefined }
  }
  const action =
    event.type === processingCompleted
      ? 'generic'
      : publicationOf(event.type) === undefined
        ? undefined
        : 'export-asset'
  if (action === undefined) return undefined
  const asset = event.path ?? event.assetId
  const subject = asset === undefined ? undefined : JSON.stringify([action, event.host ?? '', asset])
  return { action, subject }
}
