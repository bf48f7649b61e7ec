import { callContextOf, untilAborted } from '../../src/core/call-context'
import { rejection, startCall } from '../support/call'

describe('the context of a call', () => {
  it('is known to whoever is handed only its signal', () => {
    const call = startCall({ deadline: 42 })

    expect(callContextOf(call.signal)).toBe(call)
  })

  it("has no deadline and a silent log behind a stranger's signal", () => {
    const { signal } = new AbortController()
    const call = callContextOf(signal)

    expect(call.signal).toBe(signal)
    expect(call.deadline).toBe(Number.POSITIVE_INFINITY)
    expect(() => call.logger.error('x', { a: 1 })).not.toThrow()
  })
})

describe('waiting until a signal aborts', () => {
  it('gives the result or the failure of the work', async () => {
    const { signal } = startCall()

    expect(await untilAborted(Promise.resolve(7), signal)).toBe(7)
    expect(await rejection(untilAborted(Promise.reject(new Error('own')), signal))).toEqual(new Error('own'))
  })

  it('ends with the reason of the signal, before or while waiting', async () => {
    const call = startCall()
    const reason = new Error('time is up')
    const waiting = rejection(untilAborted(new Promise(() => undefined), call.signal))
    call.abort(reason)

    expect(await waiting).toBe(reason)
    expect(await rejection(untilAborted(new Promise(() => undefined), call.signal))).toBe(reason)
  })

  it('leaves no rejection to nobody when the work fails later', async () => {
    const stray: unknown[] = []
    const onStray = (reason: unknown) => stray.push(reason)
    process.on('unhandledRejection', onStray)
    const call = startCall()
    let fail: (reason: Error) => void = () => undefined
    const work = new Promise((_, reject) => {
      fail = reject
    })
    const waiting = rejection(untilAborted(work, call.signal))
    call.abort(new Error('time is up'))
    await waiting

    fail(new Error('late'))
    await new Promise((resolve) => setImmediate(resolve))

    process.off('unhandledRejection', onStray)
    expect(stray).toEqual([])
  })
})
