import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { ProductRef } from '../../core/product'
import type { PimWebhook, RawRequest } from '../../plugin/pim'
import type { Outcome } from '../outcome'

/** What is needed to check a delivery and to hand its reference on. */
export type PimEventParts = {
  webhook: PimWebhook
  clock: Clock
  /** Whoever signs with one of these is the PIM. */
  secrets: readonly string[]
  /** What the PIM calls this app as the author of a change. */
  ownNames: readonly string[]
  /** Hands the reference over; resolves once `pim-sync` has been started with it. */
  handOver(ref: ProductRef): Promise<string>
  /** The same for a deleted product; without it, the assets of the product keep their metadata. */
  handOverDeleted?(ref: ProductRef): Promise<string>
}

/**
 * Receives a delivery of the PIM: verifies its signature and hands on the reference to the product. Nothing else of
 * the event is used, and no other system is called.
 * @returns undefined when the signature is not right
 * @throws {BridgeError} when the reference could not be handed over; the event has to come again
 */
export async function receivePimEvent(
  request: RawRequest,
  parts: PimEventParts,
  { logger }: CallContext,
): Promise<Outcome | undefined> {
  const { webhook } = parts
  if (!webhook.verify(request, parts.secrets)) {
    const reason = webhook.whyUnsigned(request)
    logger.warn(`a delivery was refused: none of ${webhook.secretsInput} signed it`, {
      bytes: request.body.length,
      ...(reason === undefined ? {} : { reason }),
    })
    return undefined
  }
  const message = webhook.decode(request.body, { ownNames: parts.ownNames, now: parts.clock.now() })
  const { kind, id, type } = message
  switch (kind) {
    case 'changed': {
      const activation = await parts.handOver(message.ref)
      logger.debug('handed over', { event: id, type, ref: message.ref, activation })
      return { kind: 'handed-over', activation }
    }
    case 'deleted':
      // No asset links to a model, and its variants have deletion events of their own.
      if (parts.handOverDeleted !== undefined && message.ref.kind !== 'model') {
        const activation = await parts.handOverDeleted(message.ref)
        logger.debug('handed over', { event: id, type, ref: message.ref, activation })
        return { kind: 'handed-over', activation }
      }
      // The metadata of the assets stay: the policy is `keep`, or the reference is a model.
      logger.info('a product is gone from the PIM; its assets keep what they have', {
        event: id,
        type,
        ref: message.ref,
      })
      return { kind: 'kept', message: 'its assets keep what they have' }
    case 'alert':
      logger.error(message.message, { id, type })
      return { kind, message: message.message }
    case 'notice':
      logger.warn(message.message, { id, type })
      return { kind, message: message.message }
    case 'ignored':
      logger.debug('ignored', { event: id, type, reason: message.reason })
      return { kind, reason: message.reason }
  }
}
