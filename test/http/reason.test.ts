import fc from 'fast-check'
import { reasonIn, reasonOfValue, saying } from '../../src/http/reason'

const page = (title: string, more = '') =>
  `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>Oops</h1>${more}</body></html>`

/** As they come, with the reason in them. */
const bodies: Record<string, [body: string, reason: string]> = {
  'the gateway of Adobe': [
    '{"error_code":"403003","message":"Api Key is invalid"}',
    '403003: Api Key is invalid',
  ],
  'a problem document (RFC 7807)': [
    '{"type":"about:blank","title":"Forbidden","status":403,"detail":"The account may not write here"}',
    'The account may not write here',
  ],
  'a problem document with a title only': [
    '{"title":"Precondition Failed","status":412}',
    'Precondition Failed',
  ],
  'Sling, as JSON': [
    '{"status.code":403,"status.message":"Access Denied","path":"/content/dam/a.png"}',
    'Access Denied',
  ],
  IMS: [
    '{"error":"invalid_client","error_description":"invalid client_secret parameter"}',
    'invalid_client: invalid client_secret parameter',
  ],
  'IMS with a code only': ['{"error":"invalid_scope"}', 'invalid_scope'],
  'I/O Events': ['{"error":"Oauth token is not valid"}', 'Oauth token is not valid'],
  'I/O Events, in its own form': [
    '{"reason":"Not Found","message":"Registration with id x is not found"}',
    'Registration with id x is not found',
  ],
  'I/O Runtime': [
    '{"code":"Vq0mKBjLdxhYWsl1IzNXGGTmCNXYeP7R","error":"The supplied authentication is not authorized to access this resource."}',
    'The supplied authentication is not authorized to access this resource.',
  ],
  State: ['{"error":"Unauthorized"}', 'Unauthorized'],
  'Akeneo, 401': [
    '{"code":401,"message":"The access token provided has expired."}',
    'The access token provided has expired.',
  ],
  'Akeneo, 422': [
    '{"code":422,"message":"Validation failed.","errors":[{"property":"values","message":"The price attribute requires a number."}]}',
    'Validation failed. The price attribute requires a number.',
  ],
  'Marketo, inside an answer': [
    '{"requestId":"185d6#14b51985ff0","success":false,"errors":[{"code":"603","message":"Access denied"},{"code":"610","message":"Requested resource not found"}]}',
    '603: Access denied; 610: Requested resource not found',
  ],
  'Marketo, identity': [
    '{"error":"unauthorized","error_description":"Bad client credentials"}',
    'unauthorized: Bad client credentials',
  ],
  'an error inside an error': [
    '{"error":{"code":"InvalidAuthenticationToken","message":"The token is not valid"}}',
    'InvalidAuthenticationToken: The token is not valid',
  ],
  'a status as number': ['{"error":{"code":404,"message":"No such channel"}}', 'No such channel'],
  Spring: [
    '{"timestamp":"2030-01-02T03:04:05Z","status":403,"error":"Forbidden","message":"","path":"/products"}',
    'Forbidden',
  ],
  'a list': ['[{"message":"one"},{"message":"two"},{"message":"two"},{"message":"four"}]', 'one; two'],
  'a page as JSON': ['"<html>secret</html>"', ''],
  'a text as JSON': ['"no such user"', 'no such user'],
  S3: [
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/a is not authorized</Message><RequestId>656</RequestId></Error>',
    'AccessDenied: User: arn:aws:iam::1:user/a is not authorized',
  ],
  Azure: [
    '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>LeaseIdMissing</Code><Message>There is currently a lease on the blob and no lease ID was specified in the request.\nRequestId:12345678\nTime:2030-01-02T03:04:05.1234567Z</Message></Error>',
    'LeaseIdMissing: There is currently a lease on the blob and no lease ID was specified in the request. RequestId:12345678 Time:2030-01-02T03:04:05.1234567Z',
  ],
  'WebDAV by SabreDAV': [
    '<?xml version="1.0" encoding="utf-8"?>\n<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns">\n  <s:exception>Sabre\\DAV\\Exception\\Conflict</s:exception>\n  <s:message>Files can&#39;t be created below &quot;a.txt&quot;</s:message>\n</d:error>',
    'Sabre\\DAV\\Exception\\Conflict: Files can\'t be created below "a.txt"',
  ],
  'a page of Apache': [page('403 Forbidden', '<p>You don&#39;t have permission</p>'), '403 Forbidden'],
  'a login page': [page('\n  Sign in to\tthe author &amp; more \n'), 'Sign in to the author & more'],
  'a page without a title': ['<html><body>secret things</body></html>', ''],
  'a page in capitals': ['<HTML><HEAD><TITLE>502 Bad Gateway</TITLE></HEAD></HTML>', '502 Bad Gateway'],
  'a plain text': ['Host not in allowlist\n', 'Host not in allowlist'],
  'a text that steers': ['bad\u001b[31m\nline\u202e end', 'bad [31m line end'],
  nothing: ['  ', ''],
  'other JSON': ['{"requestId":"1","data":{"message":"not a reason"}}', ''],
  'JSON that is cut': ['{"message":"Api K', ''],
  'an empty object': ['{}', ''],
  'bytes of a picture': ['\ufffdPNG\r\n\u001a\n\0\0', ''],
}

describe('the reason in an error answer', () => {
  test.each(Object.entries(bodies))('of %s', (_, [body, reason]) => {
    expect(reasonIn(body)).toBe(reason)
  })

  test('stands in brackets in a message, or is left out', () => {
    expect(saying('{"message":"Api Key is invalid"}')).toBe(' (it says: Api Key is invalid)')
    expect(saying('{}')).toBe('')
    expect(saying(undefined)).toBe('')
  })

  test('is of bounded length, and cut between words: half a secret could not be masked', () => {
    const reason = reasonIn(JSON.stringify({ message: `${'word '.repeat(58)}${'s3cr3t'.repeat(10)}` }))
    expect(reason).toBe(`${'word '.repeat(58)}...`)
    expect(reasonIn(JSON.stringify({ message: 'x'.repeat(10_000) }))).toBe(`${'x'.repeat(300)} ...`)
    expect(reasonIn(page('many words '.repeat(100))).length).toBeLessThan(110)
  })

  test('holds no token and no signed URL', () => {
    const url = 'https://a.blob.core.windows.net/c/b?sv=1&sig=leaked%2Bsignature'
    expect(reasonIn(`{"message":"not at ${url}"}`)).not.toContain('leaked')
    expect(reasonIn('you sent Authorization: Bearer leaked-token-1234')).not.toContain('leaked')
  })

  test('is not looked for in what is very long, and of many errors there are three', () => {
    expect(reasonIn(JSON.stringify({ message: 'a', more: 'x'.repeat(70_000) }))).toBe('')
    const errors = Array.from({ length: 50 }, (_, index) => ({ message: `no. ${index}` }))
    expect(reasonOfValue({ errors })).toBe('no. 0; no. 1; no. 2')
  })

  test('is one line of bounded length, whatever the answer is', () => {
    const deep = `${'{"error":'.repeat(5_000)}1${'}'.repeat(5_000)}`
    for (const body of [deep, `${'['.repeat(60_000)}`, '<'.repeat(60_000), `<title ${'a '.repeat(30_000)}`])
      expect(reasonIn(body).length).toBeLessThan(310)
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (body) => {
        expect(reasonIn(body).length).toBeLessThan(310)
        expect(reasonIn(body)).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      }),
    )
  })
})
