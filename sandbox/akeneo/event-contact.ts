import type { JsonObject, JsonValue } from '../json'
import { isJsonObject } from '../json'
import { Refused } from './refusal'

/** How a subscriber is notified about its subscriptions; always by e-mail, too. */
export type EventContact = {
  technicalEmail: string
  channels: readonly ('email' | 'webhook')[]
  webhook?: { url: string; secret: string }
}

/** Who subscribes: one PIM, one connection. */
export type EventSubscriber = {
  id: string
  name: string
  contact: EventContact
  status: 'active' | 'deleted'
  createdAt: number
  updatedAt: number
}

const known = [
  'technical_email',
  'notification_channels',
  'notification_webhook_url',
  'notification_webhook_secret',
]

const invalid = (message: string): Refused => new Refused(422, message)

/** A text that may not be missing or empty. */
export const text = (value: JsonValue | undefined, name: string): string => {
  if (typeof value !== 'string' || value.trim() === '') throw invalid(`${name} must be a non-empty string`)
  return value
}

/** Refuses fields that the API does not know. */
export const onlyKnown = (body: JsonObject, names: readonly string[], where: string): void => {
  const strange = Object.keys(body).find((name) => !names.includes(name))
  if (strange !== undefined) throw invalid(`${where} has no field ${strange}`)
}

const channelsOf = (value: JsonValue | undefined): EventContact['channels'] | undefined => {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw invalid('notification_channels must be a list')
  const channels = value.map((it) => {
    if (it !== 'email' && it !== 'webhook') throw invalid('notification_channels knows email and webhook')
    return it
  })
  return channels.length === 0 ? ['email'] : channels
}

/**
 * The contact after a change; what a change does not name stays. Throws a {@link Refused} as the API does.
 * @param checkUrl throws when the platform may not call a URL
 */
export const changedContact = (
  value: JsonValue | undefined,
  before: EventContact | undefined,
  checkUrl: (url: string, name: string) => void,
): EventContact => {
  if (!isJsonObject(value)) throw invalid('contact must be an object')
  onlyKnown(value, known, 'contact')
  const email = value.technical_email ?? before?.technicalEmail
  const technicalEmail = text(email, 'contact.technical_email')
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(technicalEmail)) {
    throw invalid('contact.technical_email must be an e-mail address')
  }
  const channels = channelsOf(value.notification_channels) ?? before?.channels ?? ['email']
  const url = value.notification_webhook_url ?? before?.webhook?.url
  const secret = value.notification_webhook_secret ?? before?.webhook?.secret
  if (!channels.includes('webhook') && url === undefined) return { technicalEmail, channels }
  const webhook = {
    url: text(url, 'contact.notification_webhook_url'),
    secret: text(secret, 'contact.notification_webhook_secret'),
  }
  checkUrl(webhook.url, 'contact.notification_webhook_url')
  if (webhook.secret.length < 16 || webhook.secret.length > 256) {
    throw invalid('contact.notification_webhook_secret must have 16 to 256 characters')
  }
  return { technicalEmail, channels, webhook }
}

/** As the API shows it: never with the secret. */
export const subscriberView = (
  { id, name, contact, status, createdAt, updatedAt }: EventSubscriber,
  pimUrl: string,
): JsonObject => ({
  id,
  name,
  subject: pimUrl,
  status,
  contact: {
    technical_email: contact.technicalEmail,
    notification_channels: [...contact.channels],
    ...(contact.webhook === undefined ? {} : { notification_webhook_url: contact.webhook.url }),
  },
  created_at: new Date(createdAt).toISOString(),
  updated_at: new Date(updatedAt).toISOString(),
})
