import { startAttempt } from '../../src/core/attempt'

describe('an attempt', () => {
  test('ends with the outer signal, for the same reason', () => {
    const outer = new AbortController()
    const attempt = startAttempt(outer.signal, 10_000)
    outer.abort('why')
    attempt.release()
    expect([attempt.signal.aborted, attempt.signal.reason, attempt.timedOut()]).toEqual([true, 'why', false])
  })

  test('that starts after the end of the outer signal is ended already', () => {
    const attempt = startAttempt(AbortSignal.abort('gone'), 10_000)
    attempt.release()
    expect(attempt.signal.reason).toBe('gone')
  })

  test('ends when its own time is up, and says so', async () => {
    const attempt = startAttempt(new AbortController().signal, 5)
    await new Promise((resolve) => attempt.signal.addEventListener('abort', resolve))
    attempt.release()
    expect(attempt.timedOut()).toBe(true)
  })

  test('that was released is not ended by anything but itself', () => {
    const outer = new AbortController()
    const attempt = startAttempt(outer.signal, 10_000)
    attempt.release()
    outer.abort()
    expect(attempt.signal.aborted).toBe(false)
    attempt.cancel()
    expect(attempt.signal.aborted).toBe(true)
  })
})
