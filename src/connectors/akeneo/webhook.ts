import { createHmac, timingSafeEqual } from 'node:crypto'
import type { PimWebhook, RawRequest } from '../../plugin/pim'
import { decodeAkeneoMessage } from './message'

/**
 * What Akeneo is answered when it has to deliver again. It slows down after 429 without counting it as a failure for
 * an hour, and suspends a subscription that answers too many others.
 * Source: Akeneo's Event Platform documentation, "key platform behaviors".
 */
const retryStatus = 429

/**
 * The webhook of Akeneo's Event Platform. It needs nothing of the communicator, so that the action behind it stays
 * small: the platform gives up after five seconds, the start of a container included.
 */
export const akeneoWebhook: PimWebhook = {
  secretsInput: 'AKENEO_EVENT_SECRETS',
  verify: isSigned,
  whyUnsigned: ({ headers }) =>
    headers['x-akeneo-request-signature'] === undefined
      ? undefined
      : "it comes from Akeneo's old Events API; subscribe to the Event Platform instead",
  decode: decodeAkeneoMessage,
  retryStatus,
}

/** Names as HTTP servers give them: in lower case. */
const signatureHeaders = ['x-akeneo-signature-primary', 'x-akeneo-signature-secondary'] as const

/** HMAC-SHA256 in hexadecimal, as Akeneo writes it. Anything that is spelled otherwise is no signature. */
const spelling = /^[0-9a-f]{64}$/

/**
 * Tells whether one of the secrets signed exactly these bytes (HMAC-SHA256, header primary or secondary). All secrets
 * and headers are tried, in constant time: while a secret is being replaced, either side may know the new one already.
 */
function isSigned({ body, headers }: RawRequest, secrets: readonly string[]): boolean {
  const signatures = signatureHeaders.flatMap((name) => {
    const value = headers[name]
    return value !== undefined && spelling.test(value) ? [Buffer.from(value, 'hex')] : []
  })
  if (signatures.length === 0) return false
  let matches = 0
  for (const secret of secrets) {
    // An empty secret is one that everybody knows.
    if (secret === '') continue
    const expected = createHmac('sha256', secret).update(body).digest()
    for (const signature of signatures) matches += timingSafeEqual(signature, expected) ? 1 : 0
  }
  return matches > 0
}
