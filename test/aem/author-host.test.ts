import fc from 'fast-check'
import { createAuthorHosts } from '../../src/aem/author-host'
import { BridgeError } from '../../src/core/errors'
import { anyCharacter, authority } from '../core/any-text'

const author = 'author-p1-e2.adobeaemcloud.com'
const hosts = createAuthorHosts([
  `https://${author}`,
  'https://author-p1-e3.adobeaemcloud.com:8443',
  'http://localhost:4502',
])
const refused = expect.objectContaining({ code: 'HOST_NOT_ALLOWED', failureClass: 'permanent' })
const isRefused = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.code === 'HOST_NOT_ALLOWED' && thrown.failureClass === 'permanent'

describe('the host that an event names', () => {
  it('gives the configured origin, in any case and with the usual port', () => {
    for (const host of [author, author.toUpperCase(), 'Author-P1-e2.AdobeAEMcloud.com', `${author}:443`]) {
      expect(hosts.resolve(host)).toBe(`https://${author}`)
    }
    expect(hosts.resolve('author-p1-e3.adobeaemcloud.com:8443')).toBe(
      'https://author-p1-e3.adobeaemcloud.com:8443',
    )
    expect(hosts.resolve('localhost:4502')).toBe('http://localhost:4502')
  })

  it('is the first of the configured ones when the event names none', () => {
    expect(hosts.resolve(undefined)).toBe(`https://${author}`)
    expect(hosts.resolve(null)).toBe(`https://${author}`)
  })

  it.each([
    '',
    ' ',
    `${author}.`,
    ` ${author}`,
    `${author}\n`,
    `${author}\0`,
    `${author}/`,
    `${author}:8443`,
    `${author}:80`,
    `${author}:0443`,
    `https://${author}`,
    `//${author}`,
    `user@${author}`,
    `${author}@example.com`,
    `example.com#@${author}`,
    `example.com?${author}`,
    `example.com/${author}`,
    `example.com\\@${author}`,
    `${author}.example.com`,
    `x${author}`,
    'author-p1-e3.adobeaemcloud.com',
    'author-p1-e22.adobeaemcloud.com',
    'author-p1-e2-cmstg.adobeaemcloud.com',
    'author-p1-e2。adobeaemcloud.com',
    'author%2Dp1-e2.adobeaemcloud.com',
    'аuthor-p1-e2.adobeaemcloud.com',
    'localhost',
    '127.0.0.1:4502',
    '2130706433:4502',
    '0x7f.0.0.1:4502',
    '0177.0.0.1:4502',
    '127.1:4502',
    '[::1]:4502',
    '[::ffff:127.0.0.1]:4502',
    '169.254.169.254',
    '__proto__',
    'constructor',
  ])('is refused for good when it only looks like one: %j', (host) => {
    expect(() => hosts.resolve(host)).toThrow(refused)
  })

  it.each([[42], [true], [{}], [[author]], [{ toString: () => author }]])(
    'is refused when it is no text: %j',
    (host) => {
      expect(() => hosts.resolve(host)).toThrow(refused)
    },
  )

  it('never leads anywhere but to a configured origin, and only by exactly its name', () => {
    const known = new Set([author, `${author}:443`, 'author-p1-e3.adobeaemcloud.com:8443', 'localhost:4502'])
    const near = fc
      .tuple(
        fc.constantFrom(...known),
        fc.nat(60),
        fc.string({ maxLength: 2, unit: anyCharacter }),
        fc.nat(2),
      )
      .map(([host, at, insert, cut]) => host.slice(0, at) + insert + host.slice(at + cut))

    fc.assert(
      fc.property(fc.oneof(near, authority, fc.string()), (host) => {
        const isKnown = known.has(host.toLowerCase())
        try {
          return hosts.origins.includes(hosts.resolve(host)) && isKnown
        } catch (thrown) {
          return isRefused(thrown) && !isKnown
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('is shortened in the message, and never taken over into it as it is', () => {
    const resolve = () => hosts.resolve(`${'x'.repeat(5_000)}\n[ERROR] forged`)

    expect(resolve).toThrow(/^the event names the host "x{10,80}, which/)
  })
})
