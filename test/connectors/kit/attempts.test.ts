import { getEventListeners } from 'node:events'
import { type AttemptRules, withAttempts } from '../../../src/connectors/kit/attempts'
import { bindCallContext, callContextOf } from '../../../src/core/call-context'
import { BridgeError, systemicError, transientError } from '../../../src/core/errors'

const rules: AttemptRules = {
  name: 'TEST',
  timeoutMs: 5_000,
  toError: (thrown) => (thrown instanceof BridgeError ? thrown : transientError('TEST_LOST', 'no answer')),
}
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('attempts at a service', () => {
  it('leave nothing behind at the signal, however they end', async () => {
    const { signal } = new AbortController()
    for (let call = 0; call < 20; call++) {
      await withAttempts(rules, signal, async () => call)
      const refused = withAttempts(rules, signal, () =>
        Promise.reject(systemicError('TEST_NO', 'no', { status: 403 })),
      )
      await expect(refused).rejects.toMatchObject({ code: 'TEST_NO' })
    }
    let tries = 0
    await withAttempts(rules, signal, async () => {
      if (++tries < 2) throw new Error('cut')
    })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('end at once when the work is aborted, with its reason', async () => {
    const controller = new AbortController()
    const work = withAttempts(rules, controller.signal, untilAborted)
    controller.abort(new Error('time is up'))
    await expect(work).rejects.toThrow('time is up')
  })

  it('have a time of their own each, and say so', async () => {
    const { signal } = new AbortController()
    let tries = 0
    const work = withAttempts({ ...rules, timeoutMs: 20, maxAttempts: 2 }, signal, (own) => {
      tries += 1
      return untilAborted(own)
    })
    await expect(work).rejects.toMatchObject({ failureClass: 'transient', code: 'TEST_TIMEOUT' })
    expect(tries).toBe(2)
  })

  it('ask whether the first took effect before the second', async () => {
    const { signal } = new AbortController()
    const steps: string[] = []
    const call = async (): Promise<string> => {
      steps.push('call')
      throw new Error('cut')
    }
    const arrived = async (): Promise<string> => {
      steps.push('look')
      return 'there'
    }
    expect(await withAttempts(rules, signal, call, arrived)).toBe('there')
    expect(steps).toEqual(['call', 'look'])
  })

  it('are not begun when the time that the service asks for is beyond the deadline', async () => {
    const { signal } = new AbortController()
    bindCallContext({ ...callContextOf(signal), deadline: Date.now() + 60_000 })
    let tries = 0
    const work = withAttempts(rules, signal, async () => {
      tries += 1
      throw transientError('TEST_BUSY', 'later', { status: 503, retryAfterMs: 90_000 })
    })
    await expect(work).rejects.toMatchObject({ code: 'TEST_BUSY', retryAfterMs: 90_000 })
    expect(tries).toBe(1)
  })
})
