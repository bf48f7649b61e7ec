import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import { onlyKnown, text } from './event-contact'
import { parseFilter } from './event-filter'
import type { EventSubscription } from './event-subscription'
import { PREFIX } from './product-events'
import { Refused } from './refusal'

/** What of a subscription its owner says. */
export type EventConfig = Pick<
  EventSubscription,
  'url' | 'events' | 'secrets' | 'headers' | 'sendProductIdentifier' | 'filter'
>

const REDACTED = '***redacted***'
const fields = ['source', 'subject', 'type', 'events', 'config', 'send_product_identifier', 'filter']

const entities = [
  ...['asset', 'attribute', 'attribute-group', 'attribute-option', 'category', 'family', 'product'],
  ...['product-model', 'reference-entity-record'],
]
const EVENTS: ReadonlySet<string> = new Set(
  [
    ...['app.deleted', 'connection.deleted'],
    ...entities.flatMap((name) => [`${name}.created`, `${name}.updated`, `${name}.deleted`]),
    ...['product.updated.delta', 'product-model.updated.delta'],
    ...['product.became-complete', 'product.became-incomplete'],
    ...['export', 'mass-edit', 'import'].map((job) => `job.${job}.status-changed`),
    ...['workflow.task.created', 'workflow.task.completed'],
  ].map((name) => `${PREFIX}${name}`),
)

const reserved =
  /^(content-type|user-agent|x-correlation-id|host|authorization|cookie|x-akeneo-signature-.*)$/i

const invalid = (message: string): Refused => new Refused(422, message)

const secretOf = (value: JsonValue | undefined, name: string): string => {
  const secret = text(value, name)
  if (secret === REDACTED)
    throw invalid(`${name} is what the API shows in place of a secret, and none itself`)
  return secret
}

const eventsOf = (value: JsonValue | undefined): string[] => {
  if (!Array.isArray(value) || value.length === 0) throw invalid('events must be a non-empty list')
  return value.map((it) => {
    if (typeof it !== 'string' || !EVENTS.has(it)) throw invalid(`events: ${JSON.stringify(it)} is unknown`)
    return it
  })
}

const headersOf = (value: JsonValue | undefined): Record<string, string> => {
  if (!isJsonObject(value)) throw invalid('config.headers must be an object')
  const entries = Object.entries(value)
  if (entries.length > 5) throw invalid('config.headers may have at most 5 headers')
  return Object.fromEntries(
    entries.map(([name, it]) => {
      if (!/^[a-zA-Z0-9-]{1,128}$/.test(name) || reserved.test(name)) {
        throw invalid(`config.headers: ${name} is not allowed`)
      }
      if (typeof it !== 'string' || !/^[\x20-\x7e]{0,256}$/.test(it)) {
        throw invalid(`config.headers: the value of ${name} is not allowed`)
      }
      return [name, it]
    }),
  )
}

const filterOf = (value: JsonValue | undefined): string => {
  const filter = text(value, 'filter')
  parseFilter(filter)
  return filter
}

/** What may differ between platforms, as far as it concerns a subscription's body. */
export type ConfigRules = {
  pimUrl: string
  /** A change has to name everything; public sources leave it open. */
  wholeChanges: boolean
  /** Throws when the platform may not call a URL. */
  checkUrl(url: string, name: string): void
}

/** The configuration after creation or change. Throws a {@link Refused} as the API does. */
export const changedConfig = (
  body: JsonObject,
  before: EventConfig | undefined,
  { pimUrl, wholeChanges, checkUrl }: ConfigRules,
): EventConfig => {
  onlyKnown(body, fields, 'a subscription')
  const isWhole = before === undefined || wholeChanges
  const expected = { source: 'pim', subject: pimUrl, type: 'https' }
  for (const [name, value] of Object.entries(expected)) {
    if (body[name] === undefined ? isWhole : body[name] !== value) {
      throw invalid(`${name} must be ${JSON.stringify(value)}`)
    }
  }
  const { config = isWhole ? undefined : {} } = body
  if (!isJsonObject(config)) throw invalid('config must be an object')
  onlyKnown(config, ['url', 'secret', 'headers'], 'config')
  const url = text(config.url ?? (isWhole ? undefined : before?.url), 'config.url')
  checkUrl(url, 'config.url')
  const { secret } = config
  if (secret !== undefined && !isJsonObject(secret)) throw invalid('config.secret must be an object')
  onlyKnown(secret ?? {}, ['primary', 'secondary'], 'config.secret')
  if (secret === undefined && isWhole) throw invalid('config.secret.primary must be a non-empty string')
  const secrets =
    secret === undefined
      ? (before?.secrets ?? { primary: '' })
      : {
          primary: secretOf(secret.primary, 'config.secret.primary'),
          ...(secret.secondary === undefined
            ? {}
            : { secondary: secretOf(secret.secondary, 'config.secret.secondary') }),
        }
  const identifier = body.send_product_identifier ?? before?.sendProductIdentifier ?? false
  if (typeof identifier !== 'boolean') throw invalid('send_product_identifier must be a boolean')
  const filter = body.filter === undefined ? before?.filter : filterOf(body.filter)
  const headers = config.headers === undefined ? before?.headers : headersOf(config.headers)
  return {
    url,
    secrets,
    events: body.events === undefined && !isWhole ? (before?.events ?? []) : eventsOf(body.events),
    sendProductIdentifier: identifier,
    ...(filter === undefined ? {} : { filter }),
    ...(headers === undefined ? {} : { headers }),
  }
}

/** `config` as the API shows it: no secret, no value of a header. */
export const configView = ({ url, secrets, headers }: EventConfig): JsonObject => ({
  url,
  secret: {
    primary: REDACTED,
    ...(secrets.secondary === undefined ? {} : { secondary: REDACTED }),
  },
  ...(headers === undefined
    ? {}
    : { headers: Object.fromEntries(Object.keys(headers).map((name) => [name, REDACTED])) }),
})
