import { systemClock } from '../../src/core/clock'
import { rejection, startCall } from '../support/call'

describe("the machine's clock", () => {
  it('sleeps as long as it is told', async () => {
    const started = performance.now()

    await systemClock.sleep(20, startCall().signal)

    expect(performance.now() - started).toBeGreaterThanOrEqual(19)
  })

  it('wakes up with the reason of the signal', async () => {
    const call = startCall()
    const sleeping = rejection(systemClock.sleep(60_000, call.signal))
    const reason = new Error('time is up')

    call.abort(reason)

    expect(await sleeping).toBe(reason)
    expect(await rejection(systemClock.sleep(60_000, call.signal))).toBe(reason)
  })

  it('does not take a wait longer than a timer can count for none at all', async () => {
    const call = startCall()
    let awake = false
    const sleeping = systemClock.sleep(2 ** 31, call.signal).finally(() => {
      awake = true
    })

    await systemClock.sleep(20, startCall().signal)

    expect(awake).toBe(false)
    call.abort(new Error('enough'))
    await rejection(sleeping)
  })
})
