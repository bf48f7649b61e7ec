import fc from 'fast-check'
import { parseOrigin, parseServiceUrl } from '../../src/http/origin'
import { webUrl } from '../core/any-text'

describe('the origin of a service', () => {
  it('is taken in any spelling of the same, and kept in its normal form', () => {
    expect(parseOrigin('https://author-p1-e2.adobeaemcloud.com')).toBe(
      'https://author-p1-e2.adobeaemcloud.com',
    )
    expect(parseOrigin('https://Author-P1-E2.adobeaemcloud.com:443/')).toBe(
      'https://author-p1-e2.adobeaemcloud.com',
    )
    expect(parseOrigin('https://example.com:8443')).toBe('https://example.com:8443')
  })

  it('may be plain http on loopback only', () => {
    for (const text of ['http://localhost:4502', 'http://127.0.0.1:4502', 'http://[::1]:4502']) {
      expect(parseOrigin(text)).toBe(text)
    }
    for (const text of [
      'http://example.com',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com',
      'http://10.0.0.1',
      'http://169.254.169.254',
      'http://localhost@example.com',
    ]) {
      expect([text, parseOrigin(text)]).toEqual([text, { refused: expect.any(String) }])
    }
  })

  it('ends after the host, and carries nothing else', () => {
    for (const text of [
      'https://example.com/path',
      'https://example.com/?query',
      'https://example.com/#fragment',
      'https://user@example.com',
      'https://user:password@example.com',
      'https://*.example.com',
      'https://example.com.',
      'example.com',
      'ftp://example.com',
      'javascript:alert(1)',
      '',
    ]) {
      expect([text, parseOrigin(text)]).toEqual([text, { refused: expect.any(String) }])
    }
  })

  it('begins with its scheme: what does not is told so, even where it is no URL at all', () => {
    const refused = { refused: expect.stringMatching(/^must begin with https:\/\//) }
    for (const text of [
      'a.example.com',
      'ims',
      'a.example.com:8443',
      '//a.example.com',
      'localhost:4502',
      '<host>',
    ]) {
      expect([text, parseServiceUrl(text)]).toEqual([text, refused])
    }
    for (const text of ['https://', 'https://[', 'HTTPS://a b']) {
      expect([text, parseServiceUrl(text)]).toEqual([text, { refused: 'is not a URL' }])
    }
  })

  it('is never refused with its password in the reason', () => {
    const refusal = parseServiceUrl('https://user:hunter22@example.com')

    expect(JSON.stringify(refusal)).not.toContain('hunter22')
  })

  it('is encrypted or on loopback, whatever text is given', () => {
    fc.assert(
      fc.property(fc.oneof(webUrl, fc.string()), (text) => {
        const origin = parseOrigin(text)
        expect(typeof origin === 'string' ? origin.startsWith('https://') : 'refused' in origin).toBe(true)
      }),
    )
  })
})
