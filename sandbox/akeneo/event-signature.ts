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
 * JSON with escaped slashes: as good as any other, and other bytes than most writers would choose. Nobody who signs what
 * he has parsed and written again gets the same signature.
 */
export const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value).replaceAll('/', '\\/'))
