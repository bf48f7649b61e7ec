import type { SubscriptionWish } from '../src/connectors/akeneo/event-platform/client'
import type { EventSubscription } from '../src/connectors/akeneo/event-platform/views'
import { webhookInputs } from '../src/connectors/akeneo/webhook-inputs'
import { systemicError } from '../src/core/errors'
import { parseServiceUrl } from '../src/http/origin'
import { inputError, sourceOf, valuesOf } from '../src/inputs/values'
import type { AkeneoEnvironment } from './akeneo-parts'
import { UsageError } from './output'

/** What the command line says about a subscription; what it does not say stays as it is. */
export type SubscribeOptions = {
  url?: string | undefined
  email?: string | undefined
  events?: string | undefined
  filter?: string | undefined
}

const prefix = 'com.akeneo.pim.v1.'
const fullName = (name: string): string => (name.startsWith(prefix) ? name : `${prefix}${name}`)

/** The events that `pim-events` handles. */
const usualEvents = [
  ...['product.created', 'product.updated', 'product.deleted'],
  ...['product-model.created', 'product-model.updated', 'product-model.deleted'],
  ...['app.deleted', 'connection.deleted'],
].map(fullName)

/** Short names, for people. */
export const shortNames = (events: readonly string[]): string =>
  events.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)).join(', ')

/**
 * The secrets that Akeneo is to sign with: the first two. With two, a new one can be put in front and the last one
 * dropped, at the receiver and at Akeneo in either order: one of the two is always known to both.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export function signingSecrets({ inputs, redactor }: AkeneoEnvironment): readonly [string, string?] {
  const source = sourceOf(inputs)
  const { AKENEO_EVENT_SECRETS: secrets } = valuesOf(webhookInputs, source, {
    required: ['AKENEO_EVENT_SECRETS'],
  })
  for (const secret of secrets) redactor.add(secret)
  const [primary, secondary] = secrets
  if (primary === secondary) {
    throw inputError('the first two of AKENEO_EVENT_SECRETS are the same')
  }
  return secondary === undefined ? [primary] : [primary, secondary]
}

/**
 * The address that events go to.
 * @throws {BridgeError} systemic, `AKENEO_EVENTS_URL_REFUSED`, when it cannot be one
 */
export function receiverUrl(text: string): URL {
  const url = parseServiceUrl(text)
  if ('refused' in url) throw systemicError('AKENEO_EVENTS_URL_REFUSED', `--url ${url.refused}`)
  return url
}

/** What the subscription is to be: what was said, else what it is, else the usual. */
export function wishFrom(
  options: SubscribeOptions,
  before: EventSubscription | undefined,
  [primary, secondary]: readonly [string, string?],
): SubscriptionWish {
  const url = options.url ?? before?.config.url
  if (url === undefined) throw new UsageError('--url is needed: npx aio app get-url pim-events prints it')
  const events = eventsFrom(options.events) ?? before?.events ?? usualEvents
  const filter = options.filter ?? before?.filter
  checkEvents(events, filter)
  return {
    url: options.url === undefined ? url : receiverUrl(url).href,
    events,
    secrets: { primary, ...(secondary === undefined ? {} : { secondary }) },
    ...(filter === undefined ? {} : { filter }),
    // The identifier of a deleted product can no longer be queried.
    sendProductIdentifier: true,
  }
}

function eventsFrom(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  if (text === 'usual') return usualEvents
  const names = text.split(/[\s,]+/).filter((name) => name !== '')
  if (names.length === 0) throw new UsageError('--events names no event; usual stands for the usual ones')
  return [...new Set(names.map(fullName))]
}

/** Both kinds of update tell of the same change; and a filter by attribute lets nothing but deltas through. */
function checkEvents(events: readonly string[], filter: string | undefined): void {
  for (const name of ['product.updated', 'product-model.updated'].map(fullName)) {
    if (events.includes(name) && events.includes(`${name}.delta`)) {
      throw new UsageError(`${shortNames([name])} and its .delta would tell of each change twice: take one`)
    }
  }
  if (filter === undefined || !/\b(attribute|scope|channel|locale)\b/.test(filter.replace(/"[^"]*"/g, '')))
    return
  const others = events.filter((name) => !name.endsWith('.delta'))
  if (others.length > 0) {
    throw new UsageError(
      `a filter by attribute, scope, channel or locale works for .delta events only, not for ${shortNames(others)}`,
    )
  }
}
