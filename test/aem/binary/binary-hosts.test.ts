import fc from 'fast-check'
import { checkRedirect } from '../../../src/aem/binary/hosts'

const author = 'https://author-p1-e2.adobeaemcloud.com'
const from = new URL(`${author}/content/dam/shop/lamp.png`)
const target = (location: string | undefined, origin = author): string | undefined => {
  try {
    return checkRedirect(origin, new URL('/content/dam/x', origin), location).href
  } catch (thrown) {
    expect(thrown).toMatchObject({ failureClass: 'systemic', code: 'AEM_REDIRECTS' })
    return undefined
  }
}

test.each([
  [`${author}/aem-blob-ns/x?sig=1`, `${author}/aem-blob-ns/x?sig=1`],
  ['/aem-blob-ns/x?sig=1', `${author}/aem-blob-ns/x?sig=1`],
  ['other.png', `${author}/content/dam/other.png`],
  ['//x.blob.core.windows.net/c/b?sig=1', 'https://x.blob.core.windows.net/c/b?sig=1'],
  ['https://X.BLOB.core.windows.net:443/c/b', 'https://x.blob.core.windows.net/c/b'],
])('%s leads to the author or its store', (location, href) => {
  expect(target(location)).toBe(href)
})

test.each([
  ['http://author-p1-e2.adobeaemcloud.com/x'],
  ['https://author-p1-e2.adobeaemcloud.com:8443/x'],
  ['https://author-p1-e3.adobeaemcloud.com/x'],
  ['https://author-p1-e2.adobeaemcloud.com.evil.example/x'],
  ['https://author-p1-e2.adobeaemcloud.com@evil.example/x'],
  ['https://u:p@author-p1-e2.adobeaemcloud.com/x'],
  ['https://x.blob.core.windows.net:8443/x'],
  ['https://x.blob.core.windows.net./x'],
  ['https://xblob.core.windows.net/x'],
  ['https://blob.core.windows.net/x'],
  ['http://x.blob.core.windows.net/x'],
  ['https://x.blob.core.windows.net%2eevil.example/x'],
  ['http://127.0.0.1:8080/x'],
  ['http://localhost/x'],
  ['data:text/html,x'],
  ['javascript:1'],
  ['https://'],
  [undefined],
])('%s gets no request', (location) => {
  expect(target(location)).toBeUndefined()
})

test('an author on loopback may send to any port of loopback, and nowhere else in the house', () => {
  const local = 'http://127.0.0.1:4502'
  expect(target('http://127.0.0.1:10000/b?sig=1', local)).toBe('http://127.0.0.1:10000/b?sig=1')
  expect(target('http://localhost:10000/b', local)).toBe('http://localhost:10000/b')
  expect(target('http://[::1]:10000/b', local)).toBe('http://[::1]:10000/b')
  expect(target('http://10.0.0.1/b', local)).toBeUndefined()
  expect(target('http://127.0.0.1.evil.example/b', local)).toBeUndefined()
})

test('the error names the host at most: the URL is a key', () => {
  expect(() => checkRedirect(author, from, 'https://evil.example/secret?sig=secret')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') }),
  )
})

test('whatever the Location, the target is one of these or none', () => {
  const host = fc.oneof(
    fc.webAuthority({ withUserInfo: true, withPort: true, withIPv4: true, withIPv6: true }),
    fc.constantFrom('x.blob.core.windows.net', 'author-p1-e2.adobeaemcloud.com', '127.0.0.1', 'localhost'),
  )
  const location = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc
      .tuple(
        fc.constantFrom('https://', 'http://', '//', 'ftp://', 'https:', '\\\\', ' https://'),
        host,
        fc.string(),
      )
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(location, (text) => {
      const href = target(text)
      if (href === undefined) return
      const url = new URL(href)
      expect(url.protocol).toBe('https:')
      expect(`${url.username}${url.password}${url.port}`).toBe('')
      expect(url.hostname).toMatch(/^(author-p1-e2\.adobeaemcloud\.com|.+\.blob\.core\.windows\.net)$/)
    }),
    { numRuns: 1000 },
  )
})
