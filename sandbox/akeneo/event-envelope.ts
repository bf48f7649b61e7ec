import { isJsonObject, type JsonObject } from '../json'
import type { EventSubscription } from './event-subscription'
import { type Happening, PREFIX } from './product-events'

/** An event as it is sent. */
export type AkeneoEvent = JsonObject & { id: string; type: string }

/**
 * What happened as a CloudEvent 1.0 for one subscription (Akeneo, Event Platform, concepts): its subject is the
 * subscription, and it names a product's identifier only to who asked for that.
 */
export const envelope = (
  { type, data, identifier }: Happening,
  about: { id: string; time: number; subscription: EventSubscription },
): AkeneoEvent => {
  const { id, time, subscription } = about
  const { product } = data
  const isNamed = subscription.sendProductIdentifier && identifier !== undefined && isJsonObject(product)
  return {
    specversion: '1.0',
    id,
    source: 'pim',
    type: `${PREFIX}${type}`,
    subject: subscription.id,
    time: new Date(time).toISOString(),
    datacontenttype: 'application/json',
    dataschema: `https://event.prd.sdk.akeneo.cloud/spec/${PREFIX}${type}.schema.json`,
    data: isNamed ? { ...data, product: { ...product, identifier } } : data,
  }
}
