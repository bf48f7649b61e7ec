import fc from 'fast-check'
import { parseRetryAfter } from '../../src/http/retry-after'

const now = Date.parse('2030-01-02T03:04:05.000Z')

describe('Retry-After', () => {
  it('in seconds is that long', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (seconds) => {
        expect(parseRetryAfter(String(seconds), now)).toBe(seconds * 1000)
      }),
    )
  })

  it('as an HTTP date is the time until then, and nothing when it has passed', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (seconds) => {
        const header = new Date(now + seconds * 1000).toUTCString()
        expect(parseRetryAfter(header, now)).toBe(Math.max(0, seconds * 1000))
      }),
    )
  })

  it('is read in the two old forms of a date, which are UTC as well', () => {
    expect(parseRetryAfter('Wednesday, 02-Jan-30 03:04:15 GMT', now)).toBe(10_000)
    expect(parseRetryAfter('Wed Jan  2 03:04:15 2030', now)).toBe(10_000)
  })

  it('tolerates white space around, and a fraction of a second', () => {
    expect(parseRetryAfter(' 2 ', now)).toBe(2_000)
    expect(parseRetryAfter('0.5', now)).toBe(500)
  })

  it('is nothing to go by when it is absent or unreadable', () => {
    for (const header of [undefined, null, '', ' ', '-5', 'soon', '1e3', '0x10', '10 s', 'Infinity', 'NaN']) {
      expect([header, parseRetryAfter(header, now)]).toEqual([header, undefined])
    }
  })

  it('never gives a negative wait or one that is no number, whatever stands there', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w :,+-]{0,40}$/)), (header) => {
        const wait = parseRetryAfter(header, now)
        expect(wait === undefined || wait >= 0).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
