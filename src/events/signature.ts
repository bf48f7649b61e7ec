import { createHmac, timingSafeEqual } from 'node:crypto'

/** Names as HTTP servers give them: in lower case. */
const signatureHeaders = ['x-akeneo-signature-primary', 'x-akeneo-signature-secondary'] as const

/** HMAC-SHA256 in hexadecimal, as Akeneo writes it. Anything that is spelled otherwise is no signature. */
const spelling = /^[0-9a-f]{64}$/

/**
 * Tells whether one of the secrets signed exactly these bytes (HMAC-SHA256, header primary or secondary). All secrets
 * and headers are tried, in constant time: while a secret is being replaced, either side may know the new one already.
 * @param headers by lower-case name
 */
export function isSigned(
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  secrets: readonly string[],
): boolean {
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
