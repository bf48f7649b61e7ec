import fc from 'fast-check'

// fast-check's own unit 'binary', and with it its webUrl, webPath and user info, lists all of Unicode before the first
// text: a second or two for each file of tests.

const halves = 0x800
/** Any character of Unicode, but no half of a pair. */
export const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff - halves })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + halves))

/** Text of any characters, and what has a meaning in JavaScript. */
export const anyText = (length: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.string({ ...length, unit: anyCharacter }) },
    { weight: 1, arbitrary: fc.string(length) },
  )

const encoded = anyCharacter.map(encodeURIComponent)
const textOf = (plain: string): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...plain) }, { weight: 1, arbitrary: encoded }),
  })
const unreserved = "ABCXYZabcxyz0189-._~!$&'()*+,;="

/** Host, with port and user info now and then (RFC 3986, section 3.2). */
export const authority = fc
  .tuple(
    fc.option(textOf(`${unreserved}:`), { nil: undefined }),
    fc.webAuthority({ withPort: true, withIPv4: true, withIPv6: true }),
  )
  .map(([user, host]) => (user === undefined ? host : `${user}@${host}`))

/** Empty, or segments with a slash before each (RFC 3986, section 3.3). */
export const urlPath = fc
  .array(textOf(`${unreserved}:@`))
  .map((segments) => segments.map((it) => `/${it}`).join(''))

/** A URL of the web without user info. */
export const webUrl = fc
  .tuple(fc.constantFrom('http', 'https'), fc.webAuthority({ withPort: true }), urlPath)
  .map(([scheme, host, path]) => `${scheme}://${host}${path}`)
