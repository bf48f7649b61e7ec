import { decide } from '../../src/core/status-table'

describe('an event that failed', () => {
  it.each(['transient', 'systemic'] as const)(
    'is delivered again when the failure is %s: I/O Events repeats a 503',
    (failure) => {
      expect(decide(failure)).toEqual({ action: 'retry', statusCode: 503 })
    },
  )

  it('becomes a dead letter when the failure is permanent, and is never answered with an error', () => {
    expect(decide('permanent')).toEqual({ action: 'dead-letter' })
  })
})
