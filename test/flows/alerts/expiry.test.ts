import { expiryOf } from '../../../src/flows/alerts/expiry'
import { formatOf } from '../../../src/flows/alerts/message'

const jwt = (claims: object): string =>
  ['{"alg":"none"}', JSON.stringify(claims)].map((it) => Buffer.from(it).toString('base64url')).join('.')

test.each<[string, string, string | undefined]>([
  ['a SAS URL', 'https://a.blob/c?sv=1&se=2030-01-02T03%3A04%3A05Z&sig=x', '2030-01-02T03:04:05.000Z'],
  ['a SAS with a date only', 'https://a.blob/c?sig=x&se=2030-01-02', '2030-01-02T00:00:00.000Z'],
  [
    'a connection string',
    'BlobEndpoint=x;SharedAccessSignature=sv=1&se=2030-01-02&sig=x',
    '2030-01-02T00:00:00.000Z',
  ],
  [
    'a signed URL',
    'https://b/{key}?X-Amz-Date=20300102T030405Z&X-Amz-Expires=60&X-Amz-Signature=x',
    '2030-01-02T03:05:05.000Z',
  ],
  ['a web token', `Bearer ${jwt({ exp: 1893553445 })}.sig`, '2030-01-02T03:04:05.000Z'],
  ['a web token without an end', `Bearer ${jwt({})}.sig`, undefined],
  ['a SAS of a stored policy', 'https://a.blob/c?si=policy&sig=x', undefined],
  ['anything else', 'se=2030-01-02', undefined],
])('%s', (_, text, expected) => {
  const at = expiryOf(text)
  expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(expected)
})

test.each([
  ['https://hooks.slack.com/services/T/B/X', 'slack'],
  ['https://prod-1.westeurope.logic.azure.com/workflows/x', 'teams'],
  ['https://default1.2f.environment.api.powerplatform.com/powerautomate/x', 'teams'],
  ['https://hooks.slack.com.example.com/x', 'json'],
  ['https://example.com/x', 'json'],
])('%s takes %s', (url, format) => {
  expect(formatOf(new URL(url))).toBe(format)
})
