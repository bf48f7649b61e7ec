import * as v from 'valibot'
import type { Outcome } from './outcome'

const Failure = v.object({
  failureClass: v.picklist(['transient', 'systemic', 'permanent']),
  code: v.string(),
  message: v.string(),
  upstream: v.optional(v.string()),
  status: v.optional(v.number()),
  notBefore: v.optional(v.number()),
})
const asset = v.object({ name: v.string(), path: v.string(), id: v.string(), origin: v.string() })
const file = v.object({
  key: v.string(),
  outcome: v.picklist(['stored', 'unchanged', 'removed']),
  bytes: v.number(),
  isSidecar: v.optional(v.boolean()),
})
const leftOut = v.optional(v.array(v.object({ property: v.string(), reason: v.string() })))
const told = v.optional(v.array(v.object({ product: v.string(), attributes: v.array(v.string()) })))
const retry = { kind: v.literal('retry'), failure: Failure }
const deadLetter = { kind: v.literal('dead-letter'), failure: Failure, deadLetter: v.string() }
const destination = v.string()
const atDestination = v.variant('kind', [
  v.object({ destination, kind: v.literal('done'), files: v.array(file) }),
  v.object({ destination, kind: v.literal('handed-over'), reason: v.string(), worker: v.string() }),
  v.object({ destination, kind: v.literal('skipped'), reason: v.string() }),
  v.object({ destination, ...retry }),
  v.object({ destination, ...deadLetter }),
])

/**
 * Validates an outcome from another activation. It leaves out the attributes of the products, which only the answer
 * to a sender needs: the platform limits the size of an activation's result.
 */
export const OutcomeSchema: v.GenericSchema<unknown, Outcome> = v.variant('kind', [
  v.object({ kind: v.literal('updated'), asset, properties: v.array(v.string()), leftOut, told }),
  v.object({ kind: v.literal('unchanged'), asset, leftOut, told }),
  v.object({ kind: v.literal('synced'), assets: v.number(), changed: v.number(), known: v.number() }),
  v.object({
    kind: v.literal('folder'),
    path: v.string(),
    assets: v.number(),
    changed: v.number(),
    failed: v.number(),
    rest: v.optional(v.string()),
  }),
  v.object({ kind: v.literal('exported'), asset: v.optional(asset), destinations: v.array(atDestination) }),
  v.object({ kind: v.literal('handed-over'), activation: v.string() }),
  v.object({ kind: v.literal('skipped'), reason: v.string(), asset: v.optional(asset) }),
  v.object({ kind: v.literal('deferred'), reason: v.string(), asset: v.optional(asset) }),
  v.object({ kind: v.literal('ignored'), reason: v.string(), eventType: v.optional(v.string()) }),
  v.object({ kind: v.picklist(['kept', 'alert', 'notice']), message: v.string() }),
  v.object(retry),
  v.object(deadLetter),
])
