import fc from 'fast-check'
import { checkAssetPath, encodeAssetPath } from '../../src/aem/asset-path'

const origin = 'https://author-p1-e2.adobeaemcloud.com'
const segment = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .map((text) => text.replaceAll('/', '-'))

describe('the path of an asset', () => {
  it('survives the way into a URL and back, with whatever characters AEM allows', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (segments) => {
        const path = `/content/dam/${segments.join('/')}`
        fc.pre(segments.every((it) => it !== '.' && it !== '..'))
        const url = new URL(`${origin}${encodeAssetPath(checkAssetPath(path))}.json`)

        expect(url.origin).toBe(origin)
        expect(url.search + url.hash).toBe('')
        expect(decodeURIComponent(url.pathname)).toBe(`${path}.json`)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    '/content/dam/shop/lamp (1).png',
    '/content/dam/a%2e%2e/b.png',
    '/content/dam/100%/ü & ?#;=+.png',
    '/content/dam/...',
    '/content/dam/a\\..\\b',
    '/content/dam/日本/🪑.jpg',
  ])('may look odd: %s', (path) => {
    const url = new URL(`${origin}${encodeAssetPath(checkAssetPath(path))}.json`)

    expect(decodeURIComponent(url.pathname)).toBe(`${path}.json`)
  })

  it.each([
    '',
    '/',
    'content/dam/a.png',
    '/content/dam',
    '/content/dam/',
    '/content/dam//a.png',
    '/content/dam/a/',
    '/content/dam/./a.png',
    '/content/dam/../users/a',
    '/content/dam/a/../../../etc/passwd',
    '/content/dam/..',
    '/content/damage/a.png',
    '/etc/passwd',
    '//example.com/content/dam/a',
    '/content/dam/a\nb',
    '/content/dam/a\0.png',
    '/content/dam/\u007f',
    '/content/dam/\ud800.png',
    `/content/dam/${'x'.repeat(5_000)}`,
  ])('is refused for good when it is no normal path below /content/dam/: %j', (path) => {
    expect(() => checkAssetPath(path)).toThrow(
      expect.objectContaining({ code: 'ASSET_PATH_INVALID', failureClass: 'permanent' }),
    )
  })

  it('never leads out of /content/dam/, whatever stands in an event', () => {
    const odd = fc.constantFrom('.', '..', '%2e', '%2F', '/', '\\', '?', '#', '//', 'a', ';', '@', ':', '\t')
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 12 }), (parts) => {
        const path = `/content/dam/${parts.join('')}`
        let checked: string
        try {
          checked = checkAssetPath(path)
        } catch {
          return
        }
        const url = new URL(`${origin}${encodeAssetPath(checked)}.json`)
        expect(url.origin).toBe(origin)
        expect(url.pathname.startsWith('/content/dam/')).toBe(true)
        expect(url.search + url.hash).toBe('')
      }),
      { numRuns: 1_000 },
    )
  })
})
