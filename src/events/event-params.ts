import { isRecord, parseJson } from '../core/json'

/** The fields of an event among the params; everything else there is an input, a secret as like as not. */
const eventFields = [
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'subject',
  'datacontenttype',
  'dataschema',
  'data',
  'eventid',
  'event_id',
  'recipientclientid',
  'recipient_client_id',
  // The body of AEM's event proxy, under this name or by itself.
  'event',
  '@id',
  '@type',
  'xdmEventEnvelope:objectType',
  'activitystreams:published',
  'activitystreams:generator',
  'activitystreams:object',
] as const

/** The delivery headers that help to follow one delivery through the logs. All are strings. */
const tracedHeaders = [
  'x-request-id',
  'x-adobe-event-id',
  'x-adobe-delivery-id',
  'x-adobe-retry-count',
] as const

/** What stands in the params of an activation, apart from the inputs. */
export type Delivery = {
  /** Set when I/O Events probes the action; answer `{ challenge }`. */
  challenge?: string
  /** The events, not yet decoded. */
  events: readonly unknown[]
  /** Several events came in one call, so several results go back. */
  batch: boolean
  /** For the log. */
  trace: Readonly<Record<string, string>>
}

/**
 * Takes an event delivery apart. The fields of a CloudEvent are top-level params of the action, beside its inputs;
 * a batch comes as an array under `events` or, as OpenWhisk does with a body that is an array, under `__ow_body`.
 */
export function readDelivery(params: unknown): Delivery {
  const source = isRecord(params) ? params : {}
  const trace = readTrace(source.__adobe_headers)
  const challenge = source.challenge
  if (typeof challenge === 'string') return { challenge, events: [], batch: false, trace }
  const body = readBody(source.__ow_body)
  const batch = Array.isArray(source.events) ? source.events : body
  if (Array.isArray(batch)) return { events: batch.map(pickItem), batch: true, trace }
  const isWrapped = isRecord(body) && eventFields.every((field) => source[field] === undefined)
  return { events: [pickEvent(isWrapped ? body : source)], batch: false, trace }
}

function pickEvent(source: Record<string, unknown>): Record<string, unknown> {
  const event: Record<string, unknown> = {}
  for (const field of eventFields) if (source[field] !== undefined) event[field] = source[field]
  return Object.keys(event).length > 0 ? event : strangersOf(source)
}

/** What is no event of ours must still be on record with what it says: all but the inputs and the platform's own. */
function strangersOf(source: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !/^([A-Z][A-Z0-9_]*|__.*)$/.test(name)))
}

const readBody = (body: unknown): unknown =>
  typeof body === 'string' ? (parseJson(body) ?? parseJson(fromBase64(body))) : body

const pickItem = (item: unknown): unknown => (isRecord(item) ? pickEvent(item) : item)

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8')

function readTrace(headers: unknown): Record<string, string> {
  const trace: Record<string, string> = {}
  if (!isRecord(headers)) return trace
  for (const name of tracedHeaders) {
    const value = headers[name]
    if (typeof value === 'string') trace[name] = value.slice(0, 200)
  }
  return trace
}
