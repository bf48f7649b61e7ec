import { permanentError, systemicError, transientError } from '../../src/core/errors'
import { retryTransient } from '../../src/flows/retry-transient'
import { rejection, startCall } from '../support/call'
import { createTestClock } from '../support/test-clock'

const waitsMs = [5_000, 30_000]

test.each([
  ['a failure that may pass', transientError('AEM_UNAVAILABLE', 'x')],
  ['a replica of AEM that lags', systemicError('AEM_ETAG_NOT_ACCEPTED', 'x')],
])('work is done again after %s', async (_, error) => {
  const clock = createTestClock()
  let tries = 0
  const work = async () => {
    tries += 1
    if (tries < 3) throw error
    return 'done'
  }

  expect(await retryTransient(work, waitsMs, clock, startCall())).toBe('done')
  expect(clock.sleeps).toEqual(waitsMs)
})

test.each([systemicError('AEM_FORBIDDEN', 'x'), permanentError('ASSET_NOT_FOUND', 'x')])(
  'and not after %s',
  async (error) => {
    const clock = createTestClock()
    expect(await rejection(retryTransient(() => Promise.reject(error), waitsMs, clock, startCall()))).toBe(
      error,
    )
    expect(clock.sleeps).toEqual([])
  },
)
