import { createHash } from 'node:crypto'
import { isRecord, nonEmptyString } from '../core/json'
import { decodeEvent } from '../events/decode'
import { eventWorkId } from './dead-letters'
import { identityOf } from './masked-name'

/** What an event is about. */
export type Subject = {
  /** The author and the asset, as the event names them; undefined when it names no asset. */
  asset: readonly [host: string, asset: string] | undefined
  path: string | undefined
  /** The id of the asset, as the event names it. */
  assetId: string | undefined
  /** When it happened, in milliseconds since the epoch; undefined when it does not tell. */
  time: number | undefined
}

/** Work as its records name it. */
export type RecordedWork = { action: string; event: unknown; destination?: string | undefined }

/** What an event is about, or work of `pim-sync`; it never throws. */
export function subjectOf(event: unknown): Subject {
  try {
    const { host, path, assetId, time } = decodeEvent(event)
    return { asset: named(host, path ?? assetId), path, assetId, time }
  } catch {
    const { source, asset } = isRecord(event) ? event : {}
    const { path, id } = isRecord(asset) ? asset : {}
    const its = nonEmptyString(path)
    const assetId = nonEmptyString(id)
    return { asset: named(source, its ?? assetId), path: its, assetId, time: undefined }
  }
}

const named = (host: unknown, asset: string | undefined): Subject['asset'] =>
  asset === undefined ? undefined : [typeof host === 'string' ? host.toLowerCase() : '', asset]

/**
 * The id of the dead letter of work that failed with a code: one for each action, asset, destination and code. An asset
 * that is published again and again while something is wrong with it stays one letter.
 */
export const letterId = (work: RecordedWork, code: string): string => hash([...placeOf(work), code])

/** The id of the mark that a dropped letter leaves: one for each action, asset and destination. */
export const droppedId = (work: RecordedWork): string => hash(placeOf(work))

function placeOf({ action, event, destination = '' }: RecordedWork): readonly unknown[] {
  const { asset } = subjectOf(event)
  return [action, asset?.map(identityOf) ?? eventWorkId(event), destination]
}

const hash = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
