import fc from 'fast-check'
import { fullJitter } from '../../src/http/backoff'

describe('the back-off', () => {
  it('stays between nothing and the doubled base, and below the cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (baseMs, capMs, attempt, random) => {
          const wait = fullJitter({ baseMs, capMs }, attempt, random)
          expect(wait).toBeGreaterThanOrEqual(0)
          expect(wait).toBeLessThanOrEqual(capMs)
          expect(wait).toBeLessThanOrEqual(baseMs * 2 ** (attempt - 1))
        },
      ),
    )
  })

  it('never waits less than the floor, and still spreads above it', () => {
    const backoff = { baseMs: 10_000, capMs: 20_000, floorMs: 5_000 }
    const waits = [0, 0.5, 0.999].map((random) => fullJitter(backoff, 1, random))
    expect(waits).toEqual([5_000, 7_500, 9_995])
    expect(fullJitter(backoff, 9, 1)).toBe(20_000)
    expect(fullJitter({ baseMs: 100, capMs: 200, floorMs: 5_000 }, 3, 0.5)).toBe(5_000)
  })

  it('uses the whole range, so that many who failed together do not come back together', () => {
    const waits = [0, 0.25, 0.5, 0.75, 0.999].map((random) =>
      fullJitter({ baseMs: 100, capMs: 8_000 }, 4, random),
    )

    expect(waits).toEqual([0, 200, 400, 600, 799])
  })
})
