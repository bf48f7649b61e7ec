import type { Asset } from '../core/asset'
import { BridgeError, type FailureClass } from '../core/errors'
import type { JsonValue } from '../core/json'
import type { Redactor } from '../core/redaction'

/**
 * What became of a piece of work: an event, parked work, an asset of a changed product. Flows return it; the edges
 * (`src/runtime/`, `cli/`) render it. Plain data, for it may come from another activation (`outcome-schema.ts`).
 */
export type Outcome =
  | Enriched
  | Synced
  | Exported
  | HandedOver
  | Skipped
  | Skipped<'deferred'>
  | Ignored
  | Failed

/** The metadata of the asset say what the PIM says; `properties` are those that were written. */
export type Enriched = { asset: AssetFacts; products?: readonly Attributes[] | undefined } & (
  | { kind: 'updated'; properties: readonly string[] }
  | { kind: 'unchanged' }
)

/** The assets of products that are gone from the PIM are in step. */
export type Synced = {
  kind: 'synced'
  /** Assets that named one of the products. */
  assets: number
  changed: number
  /** Products that the PIM knows after all. */
  known: number
}

/** What became of the asset at each destination. */
export type Exported = {
  kind: 'exported'
  /** Undefined when it is gone: its files were removed. */
  asset?: AssetFacts | undefined
  destinations: readonly DestinationOutcome[]
}

/** Another action has it now. */
export type HandedOver = { kind: 'handed-over'; activation: string }

/** There was nothing to do, or not yet. */
export type Skipped<Kind extends 'skipped' | 'deferred' = 'skipped'> = {
  kind: Kind
  reason: string
  /** As AEM told of it, where AEM was asked. */
  asset?: AssetFacts | undefined
  /** None, where the flow is one that asks the PIM. */
  products?: readonly Attributes[] | undefined
}

/** It leads to nothing here. */
export type Ignored =
  | { kind: 'ignored'; reason: string; eventType?: string | undefined }
  /** What the PIM tells beside changes. */
  | { kind: 'kept' | 'alert' | 'notice'; message: string }

/** It failed as a whole: it has to be done again, or is on record as a dead letter. */
export type Failed =
  | { kind: 'retry'; failure: Failure }
  | { kind: 'dead-letter'; failure: Failure; deadLetter: string }

/** What became of an asset at one destination. */
export type DestinationOutcome = { destination: string } & (
  | { kind: 'done'; files: readonly FileOutcome[] }
  /** An activation of `export-worker` goes on with it. */
  | { kind: 'handed-over'; reason: string; worker: string }
  | Failed
)

/** What became of one file at one destination. */
export type FileOutcome = { key: string; outcome: 'stored' | 'unchanged' | 'removed'; bytes: number }

/** Why something failed. */
export type Failure = {
  failureClass: FailureClass
  code: string
  /** Masked. */
  message: string
  /** The system that failed. */
  upstream?: string | undefined
  /** Milliseconds since the epoch: not to be done again before then. */
  notBefore?: number | undefined
}

/** What an outcome tells about its asset. */
export type AssetFacts = Pick<Asset, 'name' | 'path' | 'id' | 'origin'>

type Attributes = Readonly<Record<string, JsonValue>>

/** What of an asset is told. */
export const factsOf = ({ name, path, id, origin }: Asset): AssetFacts => ({ name, path, id, origin })

/** The plain form of an error; masked. */
export const toFailure = (
  { failureClass, code, message, upstream }: BridgeError,
  redactor: Redactor,
): Failure => ({
  failureClass,
  code,
  message: redactor.text(message),
  ...(upstream === undefined ? {} : { upstream }),
})

/** The error of a failure. */
export const toError = ({ failureClass, code, message, upstream }: Failure): BridgeError =>
  new BridgeError(failureClass, code, message, upstream === undefined ? {} : { upstream })

/** The codes that a run has to know. */
export const codes = {
  /** Not tried, for the system that it needs is down. */
  systemDown: 'SYSTEM_DOWN',
  /** The file is too large for where it was to be moved. */
  fileLeftOut: 'FILE_LEFT_OUT',
} as const

/** A part of a piece of work that has to be done again: at one destination, or, without one, as a whole. */
export type Undone = {
  destination: string | undefined
  failure: Failure
  /** It failed at the destination, or at the file: AEM had told of the asset. */
  isFile: boolean
}

/** What has to be done again; empty when nothing has. @param destination the one that the work is for */
export function undoneOf(outcome: Outcome, destination?: string): readonly Undone[] {
  if (outcome.kind === 'retry') return [{ destination, failure: outcome.failure, isFile: false }]
  if (outcome.kind !== 'exported') return []
  return outcome.destinations.flatMap((one) =>
    one.kind === 'retry' ? [{ destination: one.destination, failure: one.failure, isFile: true }] : [],
  )
}

/** How the events are counted that an outcome stands for. */
export type Verdict = 'done' | 'skipped' | 'dead-letter' | 'again'

export function verdictOf(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'updated':
    case 'unchanged':
    case 'synced':
    case 'handed-over':
      return 'done'
    case 'exported': {
      const kinds = new Set(outcome.destinations.map(({ kind }) => kind))
      return kinds.has('retry') ? 'again' : kinds.has('dead-letter') ? 'dead-letter' : 'done'
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

/** Which systems did what they were asked to. */
export function reachedBy(outcome: Outcome): { aem: boolean; pim: boolean; destinations: readonly string[] } {
  switch (outcome.kind) {
    case 'updated':
    case 'unchanged':
    case 'synced':
      return { aem: true, pim: true, destinations: [] }
    case 'exported': {
      const destinations = outcome.destinations.flatMap(({ kind, destination }) =>
        kind === 'done' ? [destination] : [],
      )
      return { aem: true, pim: false, destinations }
    }
    case 'skipped':
    case 'deferred':
      return { aem: outcome.asset !== undefined, pim: false, destinations: [] }
    default:
      return { aem: false, pim: false, destinations: [] }
  }
}
