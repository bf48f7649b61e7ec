import fc from 'fast-check'
import { workDeadline } from '../../src/runtime/deadline'

const now = 1_700_000_000_000

describe('the deadline of the work', () => {
  test('leaves time to answer before the platform ends the activation', () => {
    expect(workDeadline(now, now + 60_000)).toBe(now + 50_000)
    expect(workDeadline(now, now + 20_000)).toBe(now + 17_000)
  })

  test('is 50 seconds where no platform sets one', () => {
    expect(workDeadline(now, undefined)).toBe(now + 50_000)
  })

  test('is never in the past and never beyond the platform', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 20_000_000 }), (left) => {
        const deadline = workDeadline(now, now + left)
        expect(deadline).toBeGreaterThanOrEqual(now)
        expect(deadline).toBeLessThanOrEqual(Math.max(now, now + left))
      }),
    )
  })
})
