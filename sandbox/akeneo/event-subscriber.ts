import { isJsonObject, type JsonObject, parseJson } from '../json'
import type { AkeneoStandIn } from './akeneo'
import type { EventPlatformStandIn } from './event-platform'
import { PREFIX } from './product-events'

/** What the app subscribes to. */
const EVENTS = ['product', 'product-model'].flatMap((name) =>
  ['created', 'updated', 'deleted'].map((verb) => `${PREFIX}${name}.${verb}`),
)

/**
 * Subscribes a receiver to what happens to products and models, by the platform's API, as a program does that knows
 * nothing of the stand-in; notifications go to the receiver as well. Rejects with what the platform says when it refuses.
 */
export const subscribeReceiver = async (
  { akeneo, platform }: { akeneo: AkeneoStandIn; platform: EventPlatformStandIn },
  { url, secrets: [primary, secondary] }: { url: string; secrets: readonly [string, string] },
): Promise<void> => {
  const create = async (path: string, body: JsonObject): Promise<JsonObject> => {
    const headers = {
      'content-type': 'application/json',
      'x-pim-url': akeneo.url,
      'x-pim-token': akeneo.appToken,
      'x-pim-client-id': akeneo.oauth.credentials.clientId,
    }
    const sent = { method: 'POST', headers, body: JSON.stringify(body) }
    const response = await fetch(`${platform.apiUrl}${path}`, sent)
    const text = await response.text()
    const created = parseJson(text)
    if (response.status === 201 && isJsonObject(created)) return created
    throw new Error(`The Event Platform answered ${response.status} to POST ${path}: ${text}`)
  }
  const contact = {
    technical_email: 'operator@example.com',
    notification_channels: ['email', 'webhook'],
    notification_webhook_url: url,
    notification_webhook_secret: secondary,
  }
  const { id } = await create('/subscribers', { name: 'the sandbox itself', contact })
  await create(`/subscribers/${String(id)}/subscriptions`, {
    ...{ source: 'pim', subject: akeneo.url, type: 'https', events: EVENTS },
    config: { url, secret: { primary, secondary } },
    send_product_identifier: true,
  })
}
