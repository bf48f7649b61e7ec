import { untilAborted, withSignal } from '../../src/core/call-context'
import { rejection, startCall } from '../support/call'

describe('a part of a call', () => {
  it('has the log of the call, a signal of its own, and ends no later', () => {
    const call = startCall({ deadline: 42 })
    const { signal } = new AbortController()

    expect(withSignal(call, signal)).toEqual({ logger: call.logger, signal, deadline: 42 })
    expect(withSignal(call, signal, 7).deadline).toBe(7)
    expect(withSignal(call, signal, 99).deadline).toBe(42)
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
