import type { Asset } from '../core/asset'
import { BridgeError, type FailureClass } from '../core/errors'
import type { JsonValue } from '../core/json'
import type { Redactor } from '../core/redaction'

/**
 * The outcome of a unit of work: an event, parked work, an asset of a changed product. Flows return it; the edges
 * (`src/runtime/`, `cli/`) render it. It is plain data, since it may come from another activation
 * (`outcome-schema.ts`).
 */
export type Outcome =
  | Enriched
  | Synced
  | Exported
  | FolderDone
  | HandedOver
  | Skipped
  | Skipped<'deferred'>
  | Ignored
  | Failed

/** The metadata of the asset match the PIM; `properties` are those that were written. */
export type Enriched = {
  asset: AssetFacts
  products?: readonly Attributes[] | undefined
  /** Values that do not fit, of rules that say `onError: 'skip'`. */
  leftOut?: readonly LeftOut[] | undefined
  /** What the PIM was told about the asset, by product. */
  told?: readonly Told[] | undefined
} & ({ kind: 'updated'; properties: readonly string[] } | { kind: 'unchanged' })

/** A value that was not written, and why. */
export type LeftOut = { property: string; reason: string }

/** Attributes of a product that the PIM was told, and had otherwise before. */
export type Told = { product: string; attributes: readonly string[] }

/** The assets of products that are gone from the PIM have been updated. */
export type Synced = {
  kind: 'synced'
  /** Assets that named one of the products. */
  assets: number
  changed: number
  /** Products that the PIM still has. */
  known: number
}

/** The outcome of the asset at each destination. */
export type Exported = {
  kind: 'exported'
  /** Undefined when it is gone: its files were removed. */
  asset?: AssetFacts | undefined
  destinations: readonly DestinationOutcome[]
}

/** The assets below a folder have been gone through. */
export type FolderDone = {
  kind: 'folder'
  path: string
  assets: number
  /** Assets whose metadata or files were changed. */
  changed: number
  /** What failed and is on record by itself: parked, or a dead letter. */
  failed: number
  /** The record of what was left when the time ended: it goes on from there. */
  rest?: string | undefined
}

/** The work has been handed to another action. */
export type HandedOver = { kind: 'handed-over'; activation: string }

/** There was nothing to do, or not yet. */
export type Skipped<Kind extends 'skipped' | 'deferred' = 'skipped'> = {
  kind: Kind
  reason: string
  /** As AEM reports it, where AEM was asked. */
  asset?: AssetFacts | undefined
  /** Set, and empty, only in a flow that asks the PIM. */
  products?: readonly Attributes[] | undefined
}

/** The event is of a type that the flow does not handle. */
export type Ignored =
  | { kind: 'ignored'; reason: string; eventType?: string | undefined }
  /** A notice of the PIM that is no change of a product. */
  | { kind: 'kept' | 'alert' | 'notice'; message: string }

/** The work failed as a whole: it is retried, or is on record as a dead letter. */
export type Failed =
  | { kind: 'retry'; failure: Failure }
  | { kind: 'dead-letter'; failure: Failure; deadLetter: string }

/** What failed for good was dropped by an operator before: it does not come back. */
export type Dropped = { kind: 'skipped'; reason: string }

/** The outcome of an asset at one destination. */
export type DestinationOutcome = { destination: string } & (
  | { kind: 'done'; files: readonly FileOutcome[] }
  /** An activation of `export-worker` continues it. */
  | { kind: 'handed-over'; reason: string; worker: string }
  | Dropped
  | Failed
)

/** The outcome of one file at one destination. */
export type FileOutcome = {
  key: string
  outcome: 'stored' | 'unchanged' | 'removed'
  bytes: number
  /** Made of the metadata: no byte of it was downloaded. */
  isSidecar?: boolean | undefined
}

/** Why something failed. */
export type Failure = {
  failureClass: FailureClass
  code: string
  /** Masked. */
  message: string
  /** The system that failed. */
  upstream?: string | undefined
  /** The HTTP status that it answered. */
  status?: number | undefined
  /** Milliseconds since the epoch: not to be done again before then. */
  notBefore?: number | undefined
}

/** What an outcome reports about its asset. */
export type AssetFacts = Pick<Asset, 'name' | 'path' | 'id' | 'origin'>

type Attributes = Readonly<Record<string, JsonValue>>

/** The fields of an asset that outcomes carry. */
export const factsOf = ({ name, path, id, origin }: Asset): AssetFacts => ({ name, path, id, origin })

/** The plain form of an error; masked. */
export const toFailure = (
  { failureClass, code, message, upstream, status }: BridgeError,
  redactor: Redactor,
): Failure => ({
  failureClass,
  code,
  message: redactor.text(message),
  ...(upstream === undefined ? {} : { upstream }),
  ...(status === undefined ? {} : { status }),
})

/** The error of a failure. */
export const toError = ({ failureClass, code, message, upstream }: Failure): BridgeError =>
  new BridgeError(failureClass, code, message, upstream === undefined ? {} : { upstream })

/** The codes that a run treats in a special way. */
export const codes = {
  /** Skipped, because the system that the work needs is down. */
  systemDown: 'SYSTEM_DOWN',
  /** The file is too large for the activation that should move it. */
  fileLeftOut: 'FILE_LEFT_OUT',
  /** What another flow has read shows that there is something to do: it is read again, and begun anew. */
  readTooOld: 'READ_TOO_OLD',
} as const

/** A part of a unit of work that has to be retried: at one destination, or, without one, as a whole. */
export type Undone = {
  destination: string | undefined
  failure: Failure
  /** The failure came from the destination or from the file download. AEM itself had answered. */
  isFile: boolean
}

/** The parts to retry; empty when there are none. @param destination the one that the work is for */
export function undoneOf(outcome: Outcome, destination?: string): readonly Undone[] {
  if (outcome.kind === 'retry') return [{ destination, failure: outcome.failure, isFile: false }]
  if (outcome.kind !== 'exported') return []
  return outcome.destinations.flatMap((one) =>
    one.kind === 'retry' ? [{ destination: one.destination, failure: one.failure, isFile: true }] : [],
  )
}

/** How a run counts the events of an outcome. */
export type Verdict = 'done' | 'skipped' | 'dead-letter' | 'again'

export function verdictOf(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'updated':
    case 'unchanged':
    case 'synced':
    case 'folder':
    case 'handed-over':
      return 'done'
    case 'exported': {
      const kinds = new Set(outcome.destinations.map(({ kind }) => kind))
      if (kinds.has('retry')) return 'again'
      if (kinds.has('dead-letter')) return 'dead-letter'
      return kinds.size === 1 && kinds.has('skipped') ? 'skipped' : 'done'
    }
    case 'dead-letter':
      return 'dead-letter'
    case 'retry':
      return 'again'
    default:
      return 'skipped'
  }
}

/** Moved into destinations. */
export const bytesOf = (outcome: Outcome): number =>
  outcome.kind === 'exported' ? outcome.destinations.reduce((sum, one) => sum + bytesAt(one), 0) : 0

const bytesAt = (one: DestinationOutcome): number =>
  one.kind === 'done' ? one.files.reduce((sum, { bytes }) => sum + bytes, 0) : 0

/**
 * The systems that worked. A destination has worked when it took or removed a file: that it tells what it holds is no
 * sign that it can be written to.
 */
export function reachedBy(outcome: Outcome): {
  aem: boolean
  pim: boolean
  files: boolean
  destinations: readonly string[]
} {
  switch (outcome.kind) {
    case 'updated':
    case 'unchanged':
    case 'synced':
      return { aem: true, pim: true, files: false, destinations: [] }
    case 'exported': {
      const written = outcome.destinations.flatMap((one) =>
        one.kind === 'done' ? one.files.map((file) => ({ ...file, destination: one.destination })) : [],
      )
      const changed = written.filter(({ outcome }) => outcome !== 'unchanged')
      return {
        aem: true,
        pim: false,
        files: changed.some(
          ({ outcome, bytes, isSidecar }) => outcome === 'stored' && bytes > 0 && !isSidecar,
        ),
        destinations: [...new Set(changed.map(({ destination }) => destination))],
      }
    }
    case 'folder':
      return { aem: true, pim: false, files: false, destinations: [] }
    case 'skipped':
    case 'deferred':
      return { aem: outcome.asset !== undefined, pim: false, files: false, destinations: [] }
    default:
      return { aem: false, pim: false, files: false, destinations: [] }
  }
}
