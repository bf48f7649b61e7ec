import { createHmac } from 'node:crypto'

const sign = (body: Buffer, secret: string): string => createHmac('sha256', secret).update(body).digest('hex')

/** The headers of the Event Platform (Akeneo, concepts): the signatures cover the bytes of the body. */
export const signedHeaders = (
  body: Buffer,
  secrets: { primary: string; secondary?: string },
): Record<string, string> => ({
  'Content-Type': 'application/json',
  'User-Agent': 'akeneo/event-platform',
  'X-AKENEO-SIGNATURE-PRIMARY': sign(body, secrets.primary),
  ...(secrets.secondary === undefined
    ? {}
    : { 'X-AKENEO-SIGNATURE-SECONDARY': sign(body, secrets.secondary) }),
  'X-AKENEO-SIGNATURE-ALGORITHM': 'HmacSHA256',
})

/**
 * JSON with escaped slashes: valid, but other bytes than most serialisers write. A receiver that parses and
 * serialises the body before it checks the signature gets another signature.
 */
export const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value).replaceAll('/', '\\/'))
