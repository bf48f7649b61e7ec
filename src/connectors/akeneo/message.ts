import { isRecord, nonEmptyString, parseJson } from '../../core/json'
import { uuidPattern } from '../../core/uuid'
import { timeOf } from '../../events/event'
import type { PimMessage, ProductRef } from '../../plugin/pim'

const prefix = 'com.akeneo.pim.v1.'
const maxCode = 255
/** Akeneo gives up on a delivery long before; whoever sends one that is older repeats what was recorded once. */
const maxAgeMs = 7 * 24 * 3_600_000
const maxShown = 100

type Subject = 'product' | 'product_model'

/** Only what happened to products; all values are read from the PIM itself. */
const changes: ReadonlyMap<string, { subject: Subject; kind: 'changed' | 'deleted' }> = new Map([
  ['product.created', { subject: 'product', kind: 'changed' }],
  ['product.updated', { subject: 'product', kind: 'changed' }],
  ['product.updated.delta', { subject: 'product', kind: 'changed' }],
  ['product.became-complete', { subject: 'product', kind: 'changed' }],
  ['product.became-incomplete', { subject: 'product', kind: 'changed' }],
  ['product.deleted', { subject: 'product', kind: 'deleted' }],
  ['product-model.created', { subject: 'product_model', kind: 'changed' }],
  ['product-model.updated', { subject: 'product_model', kind: 'changed' }],
  ['product-model.updated.delta', { subject: 'product_model', kind: 'changed' }],
  ['product-model.deleted', { subject: 'product_model', kind: 'deleted' }],
])

const ends: ReadonlyMap<string, string> = new Map([
  [
    'app.deleted',
    'the App was removed from Akeneo: its subscription ends, and so do its token and all events',
  ],
  ['connection.deleted', 'a connection was removed from Akeneo: its subscription ends, and so do all events'],
])

/**
 * Decodes the body of a delivery: an event, or a notification about the subscription. It never throws: what is
 * unknown, newer than this app or malformed is `ignored` with a reason, for Akeneo suspends whoever refuses too much.
 * So is what says itself that it is more than seven days old: the signature holds for ever.
 * @param options.ownNames what Akeneo calls this app as the author of a change: its client id, its user name
 * @param options.now in milliseconds since the epoch
 */
export function decodeAkeneoMessage(
  body: Uint8Array,
  { ownNames, now }: { ownNames: readonly string[]; now: number },
): PimMessage {
  const event = parseJson(Buffer.from(body).toString('utf8'))
  if (!isRecord(event)) return ignored({}, 'it is no JSON object')
  const signedAt = timeOf(event.time) ?? timeOf(event.timestamp)
  if (signedAt !== undefined && now - signedAt > maxAgeMs)
    return ignored(event, 'it is more than seven days old')
  if (typeof event.notification_type === 'string') return notification(event, event.notification_type)
  if (Array.isArray(event.events))
    return ignored(event, 'it comes from the old Events API; subscribe to the Event Platform instead')
  if (typeof event.type !== 'string') return ignored(event, 'it has no type')

  const name = event.type.startsWith(prefix) ? event.type.slice(prefix.length) : ''
  const data = isRecord(event.data) ? event.data : {}
  const end = ends.get(name)
  if (end !== undefined) return { kind: 'alert', ...headOf(event), message: end }
  const change = changes.get(name)
  if (change === undefined) return ignored(event, 'it is of a type that changes no product')
  if (isOwn(data.author, ownNames)) return ignored(event, 'this app made the change itself')
  const ref = change.subject === 'product' ? productOf(data) : modelOf(data)
  if (ref === undefined) return ignored(event, 'it names no product')
  if (change.kind === 'deleted') return { kind: 'deleted', ...headOf(event), ...deletedOf(ref, data) }
  const changedAt = changeTime(name, event.time, data)
  return { kind: 'changed', ...headOf(event), ref: changedAt === undefined ? ref : { ...ref, changedAt } }
}

function productOf({ product }: Record<string, unknown>): ProductRef | undefined {
  if (!isRecord(product)) return undefined
  const uuid = nonEmptyString(product.uuid)
  if (uuid !== undefined && uuidPattern.test(uuid)) return { kind: 'uuid', value: uuid.toLowerCase() }
  return refOf('identifier', product.identifier)
}

/** Assets name a product by its identifier: nobody can be asked for it any more. */
function deletedOf(ref: ProductRef, { product }: Record<string, unknown>) {
  const named = isRecord(product) ? refOf('identifier', product.identifier) : undefined
  return { ref: named ?? ref }
}

/** Written before the event is made: so much earlier it is certainly not. */
const eventDelayMs = 5_000

/**
 * When the product changed, to the second, as its own `updated` tells; undefined where an event says nothing about
 * that. An ordinary event has only the time of its own making.
 */
function changeTime(name: string, time: unknown, { product }: Record<string, unknown>): number | undefined {
  if (name === 'product.updated.delta') {
    const at = isRecord(product) && isRecord(product.updated_at) ? product.updated_at : {}
    const text = at.timezone === 'UTC' && typeof at.date === 'string' ? at.date : ''
    return toSeconds(Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`))
  }
  if (name !== 'product.created' && name !== 'product.updated') return undefined
  return toSeconds(Date.parse(typeof time === 'string' ? time : '') - eventDelayMs)
}

const toSeconds = (ms: number): number | undefined =>
  Number.isFinite(ms) ? Math.floor(ms / 1000) * 1000 : undefined

/** Akeneo's table of events has the code under `product`, all its samples under `product_model`. */
function modelOf({ product_model: model, product }: Record<string, unknown>): ProductRef | undefined {
  const named = isRecord(model) ? model : isRecord(product) ? product : {}
  return refOf('model', named.code)
}

function refOf(kind: 'identifier' | 'model', value: unknown): ProductRef | undefined {
  const name = nonEmptyString(value)
  return name !== undefined && name.length <= maxCode && name.isWellFormed()
    ? { kind, value: name }
    : undefined
}

/** An author is a user id, a user name or a client id; some events have none. */
function isOwn(author: unknown, ownNames: readonly string[]): boolean {
  if (!isRecord(author) || author.type !== 'api') return false
  return typeof author.identifier === 'string' && ownNames.includes(author.identifier)
}

function notification(event: Record<string, unknown>, type: string): PimMessage {
  const head = { id: textOf(event.subscription_id), type: textOf(type) }
  const reason = nonEmptyString(event.reason)
  const because = reason === undefined ? '' : ` (${reason.slice(0, 300)})`
  if (type.startsWith('subscription.suspended')) {
    return {
      kind: 'alert',
      ...head,
      message: `Akeneo has suspended the subscription${because}: events are lost until it is resumed; mend the cause, then resume it`,
    }
  }
  if (type === 'subscription.revoked') {
    return {
      kind: 'alert',
      ...head,
      message: `Akeneo has revoked the subscription${because}: the connection or App is gone; subscribe anew`,
    }
  }
  if (type === 'subscription.resumed') {
    return {
      kind: 'notice',
      ...head,
      message: 'Akeneo has resumed the subscription; what happened meanwhile was not told',
    }
  }
  return { kind: 'ignored', ...head, reason: 'it is a notification of a type that is not known' }
}

const ignored = (event: Record<string, unknown>, reason: string): PimMessage => ({
  kind: 'ignored',
  ...headOf(event),
  reason,
})

const headOf = (event: Record<string, unknown>): { id: string; type: string } => ({
  id: textOf(event.id),
  type: textOf(event.type),
})

/** For logs and answers: a text of bounded length. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, maxShown) : '')
