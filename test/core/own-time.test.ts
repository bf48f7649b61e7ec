import { inOwnTime } from '../../src/core/own-time'
import { rejection, startCall } from '../support/call'
import { createTestClock } from '../support/test-clock'

const timeIsUp = () => new Error('its own time is up')

describe('work that several callers wait for', () => {
  it('has the log of its caller, and a deadline of its own', async () => {
    const clock = createTestClock()
    const caller = startCall({ deadline: clock.now() + 1 })

    const own = await inOwnTime(caller, { limitMs: 5_000, clock, timeIsUp }, async (call) => call)

    expect(own).toMatchObject({ logger: caller.logger, deadline: clock.now() + 5_000 })
  })

  it('does not end with its caller, but when its own time is up', async () => {
    const caller = startCall()
    caller.abort(new Error('the caller ended'))
    const work = inOwnTime(caller, { limitMs: 20, clock: createTestClock(), timeIsUp }, ({ signal }) => {
      expect(signal.aborted).toBe(false)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })

    expect(await rejection(work)).toEqual(timeIsUp())
  })
})
