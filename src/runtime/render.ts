import type { JsonObject, JsonValue } from '../core/json'
import {
  type AssetFacts,
  bytesOf,
  type DestinationOutcome,
  type Exported,
  type Failure,
  type LeftOut,
  type Outcome,
  type Told,
  verdictOf,
} from '../flows/outcome'
import type { RunResult } from '../flows/run/run-result'
import type { WorkedOff } from '../flows/run/work-off'

/** An outcome or a run as an answer, a report or a line of output. The app itself never reads it. */
export type Rendered = { message: string; outcome: string; [field: string]: JsonValue }

/** The outcome of an event, for its sender: the body of the answer, or one item of it when several events came. */
export function renderOutcome(outcome: Outcome): Rendered {
  const { kind } = outcome
  switch (kind) {
    case 'updated': {
      const message = `metadata updated: ${outcome.properties.join(', ')}${leftOutOf(outcome).told}${toldOf(outcome).told}`
      const fields = { ...leftOutOf(outcome).field, ...toldOf(outcome).field }
      return { message, outcome: kind, ...assetData(outcome), ...fields }
    }
    case 'unchanged': {
      const message = `metadata is up to date${leftOutOf(outcome).told}${toldOf(outcome).told}`
      const fields = { ...leftOutOf(outcome).field, ...toldOf(outcome).field }
      return { message, outcome: kind, ...assetData(outcome), ...fields }
    }
    case 'synced': {
      const { assets, changed, known } = outcome
      const message = 'the assets of deleted products are in step'
      return { message, outcome: 'updated', assets, changed, known }
    }
    case 'folder': {
      const { path, assets, changed, failed, rest } = outcome
      const more = rest === undefined ? '' : '; the rest goes on later'
      const message = `${assets} assets below ${path}: ${changed} changed, ${failed} failed${more}`
      return {
        message,
        outcome: rest === undefined ? 'done' : 'handed-over',
        path,
        assets,
        changed,
        failed,
        ...(rest === undefined ? {} : { pending: rest }),
      }
    }
    case 'exported':
      return exported(outcome)
    case 'handed-over':
      return { message: 'handed over', outcome: kind, activation: outcome.activation }
    case 'skipped':
    case 'deferred': {
      const { reason } = outcome
      return { message: `${kind}: ${reason}`, outcome: kind, reason, ...assetData(outcome) }
    }
    case 'ignored': {
      const { reason, eventType } = outcome
      const message =
        eventType === undefined ? `nothing to do: ${reason}` : `skipped: nothing to do for ${eventType}`
      return { message, outcome: kind, reason }
    }
    case 'kept':
    case 'alert':
    case 'notice':
      return { message: outcome.message, outcome: kind }
    case 'retry':
      return { message: outcome.failure.message, outcome: kind, ...why(outcome.failure) }
    case 'dead-letter': {
      const { failure, deadLetter } = outcome
      const message = `kept as a dead letter: ${failure.message}`
      return { message, outcome: kind, ...why(failure), deadLetter }
    }
  }
}

const why = ({ message, code }: Failure): { reason: string; code: string } => ({ reason: message, code })

/** What was not written, because it does not fit, and its rule lets that pass. */
function leftOutOf({ leftOut = [] }: { leftOut?: readonly LeftOut[] | undefined }): {
  told: string
  field: { leftOut?: JsonValue }
} {
  if (leftOut.length === 0) return { told: '', field: {} }
  const properties = new Set(leftOut.map(({ property }) => property))
  return {
    told: `; left out, since a value does not fit: ${[...properties].join(', ')}`,
    field: { leftOut: leftOut.map(({ property, reason }) => ({ property, reason })) },
  }
}

/** What the PIM was told. */
function toldOf({ told = [] }: { told?: readonly Told[] | undefined }): {
  told: string
  field: { told?: JsonValue }
} {
  if (told.length === 0) return { told: '', field: {} }
  const each = told.map(({ product, attributes }) => `${attributes.join(', ')} of ${product}`)
  return { told: `; the PIM was told ${each.join('; ')}`, field: { told: told.map((one) => ({ ...one })) } }
}

/**
 * What an answer says about the asset and its products. `pimdata` are the attributes of the product; of each one when
 * the asset shows several; null when the PIM knows none.
 */
function assetData({
  asset,
  products,
}: {
  asset?: AssetFacts | undefined
  products?: readonly JsonObject[] | undefined
}): { assetdata?: JsonObject } {
  if (asset === undefined) return {}
  const [first] = products ?? []
  const pimdata = first === undefined ? null : products?.length === 1 ? first : [...(products ?? [])]
  return {
    assetdata: {
      assetName: asset.name,
      assetPath: asset.path,
      assetId: asset.id,
      aemHost: asset.origin,
      ...(products === undefined ? {} : { pimdata }),
    },
  }
}

function exported(outcome: Exported): Rendered {
  const destinations = outcome.destinations.map(renderDestination)
  const outcomes = new Set(destinations.map((one) => one.outcome))
  const [only = 'done'] = outcomes
  return {
    message: destinations.map(sentence).join('; ') || 'no destination is set up',
    outcome: outcomes.size > 1 ? 'mixed' : only,
    ...assetData(outcome),
    destinations,
    bytes: bytesOf(outcome),
  }
}

type RenderedDestination = JsonObject & { destination: string; outcome: string; reason?: string }

function renderDestination(one: DestinationOutcome): RenderedDestination {
  const { destination, kind } = one
  switch (kind) {
    case 'done': {
      const isChanged = one.files.some(({ outcome }) => outcome !== 'unchanged')
      const files = one.files.map(({ key, outcome, bytes }) => ({ key, outcome, bytes }))
      return { destination, outcome: isChanged ? kind : 'unchanged', files }
    }
    case 'handed-over':
      return { destination, outcome: kind, reason: one.reason, worker: one.worker }
    case 'skipped':
      return { destination, outcome: kind, reason: one.reason }
    case 'retry':
      return { destination, ...why(one.failure), outcome: kind }
    case 'dead-letter':
      return { destination, ...why(one.failure), outcome: kind, deadLetter: one.deadLetter }
  }
}

const sentence = ({ destination, outcome, reason }: RenderedDestination): string =>
  `${destination}: ${outcome}${reason ? ` (${reason})` : ''}`

/** The outcome of pending work, for the caller. */
export function renderWorkedOff({ id, outcome }: WorkedOff): Rendered {
  if (outcome === undefined) return { message: 'no such work: it is done', outcome: 'done', pending: id }
  const verdict = verdictOf(outcome)
  return {
    message: outcome.kind === 'dead-letter' ? outcome.failure.message : renderOutcome(outcome).message,
    outcome: verdict === 'again' ? 'retry' : verdict,
    bytes: bytesOf(outcome),
    pending: id,
  }
}

/** The report of a run: its answer, its line in the log, and its record. */
export const renderRun = ({ outcome, message, error, counts, details }: RunResult): Rendered => ({
  outcome,
  message,
  ...counts,
  ...details,
  ...(error === undefined ? {} : { code: error.code }),
})
