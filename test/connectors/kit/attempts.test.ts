import { getEventListeners } from 'node:events'
import { type AttemptRules, withAttempts } from '../../../src/connectors/kit/attempts'
import type { CallContext } from '../../../src/core/call-context'
import { BridgeError, systemicError, transientError } from '../../../src/core/errors'
import { startCall } from '../../support/call'
import { createInstantClock } from '../../support/instant-clock'

const rules: AttemptRules = {
  name: 'TEST',
  timeoutMs: 5_000,
  clock: createInstantClock(),
  random: () => 0.5,
  toError: (thrown) => (thrown instanceof BridgeError ? thrown : transientError('TEST_LOST', 'no answer')),
}
const untilAborted = ({ signal }: CallContext): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('attempts at a service', () => {
  it('leave nothing behind at the signal, however they end', async () => {
    const own = startCall()
    for (let call = 0; call < 20; call++) {
      await withAttempts(rules, own, async () => call)
      const refused = withAttempts(rules, own, () =>
        Promise.reject(systemicError('TEST_NO', 'no', { status: 403 })),
      )
      await expect(refused).rejects.toMatchObject({ code: 'TEST_NO' })
    }
    let tries = 0
    await withAttempts(rules, own, async () => {
      if (++tries < 2) throw new Error('cut')
    })
    expect(getEventListeners(own.signal, 'abort')).toHaveLength(0)
  })

  it('end at once when the work is aborted, with its reason', async () => {
    const controller = startCall()
    const work = withAttempts(rules, controller, untilAborted)
    controller.abort(new Error('time is up'))
    await expect(work).rejects.toThrow('time is up')
  })

  it('have a time of their own each, and say so', async () => {
    const own = startCall()
    let tries = 0
    const work = withAttempts({ ...rules, timeoutMs: 20, maxAttempts: 2 }, own, (attempt) => {
      tries += 1
      return untilAborted(attempt)
    })
    await expect(work).rejects.toMatchObject({ failureClass: 'transient', code: 'TEST_TIMEOUT' })
    expect(tries).toBe(2)
  })

  it('have a wait between that grows, is spread by chance, and is not shorter than the service asks for', async () => {
    const clock = createInstantClock()
    const chances = [0.25, 0.5, 1]
    const random = (): number => chances.shift() ?? 0
    const busy = (retryAfterMs?: number) => () =>
      Promise.reject(
        transientError('TEST_BUSY', 'later', { status: 503, ...(retryAfterMs && { retryAfterMs }) }),
      )
    await expect(withAttempts({ ...rules, clock, random }, startCall(), busy())).rejects.toMatchObject({
      code: 'TEST_BUSY',
    })
    expect(clock.sleeps).toEqual([75, 300, 1_200])
    const asked = withAttempts({ ...rules, clock, random, maxAttempts: 2 }, startCall(), busy(9_000))
    await expect(asked).rejects.toMatchObject({ code: 'TEST_BUSY' })
    expect(clock.sleeps.slice(3)).toEqual([9_000])
  })

  it('ask whether the first took effect before the second', async () => {
    const own = startCall()
    const steps: string[] = []
    const call = async (): Promise<string> => {
      steps.push('call')
      throw new Error('cut')
    }
    const arrived = async (): Promise<string> => {
      steps.push('look')
      return 'there'
    }
    expect(await withAttempts(rules, own, call, arrived)).toBe('there')
    expect(steps).toEqual(['call', 'look'])
  })

  it('are not begun when the time that the service asks for is beyond the deadline', async () => {
    const own = startCall({ deadline: Date.now() + 60_000 })
    let tries = 0
    const work = withAttempts(rules, own, async () => {
      tries += 1
      throw transientError('TEST_BUSY', 'later', { status: 503, retryAfterMs: 90_000 })
    })
    await expect(work).rejects.toMatchObject({ code: 'TEST_BUSY', retryAfterMs: 90_000 })
    expect(tries).toBe(1)
  })
})
