import { getEventListeners } from 'node:events'
import type { CallContext } from '../../src/core/call-context'
import { BridgeError, systemicError, transientError } from '../../src/core/errors'
import { networkError } from '../../src/http/network-error'
import { type RetryRules, retry, timeLimit } from '../../src/http/retry'
import { mayPassStatus } from '../../src/http/status'
import { rejection, startCall } from '../support/call'
import { createInstantClock, type InstantClock } from '../support/instant-clock'

let clock: InstantClock
beforeEach(() => {
  clock = createInstantClock()
})

const rulesWith = (more: Partial<RetryRules> = {}): RetryRules => ({
  clock,
  random: () => 0.5,
  limit: timeLimit('TEST', 5_000),
  toError: (thrown) => (thrown instanceof BridgeError ? thrown : transientError('TEST_LOST', 'no answer')),
  ...more,
})
const untilAborted = ({ signal }: CallContext): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const answered = (status: number, retryAfterMs?: number) =>
  transientError('TEST_ANSWER', `answered ${status}`, { status, ...(retryAfterMs && { retryAfterMs }) })

/** How often work is done that always fails like this. */
async function attemptsAfter(failure: unknown, rules: Partial<RetryRules> = {}): Promise<number> {
  let done = 0
  await rejection(
    retry(rulesWith(rules), startCall(), async () => {
      done += 1
      throw failure
    }),
  )
  return done
}

describe('a repetition', () => {
  it('leaves nothing behind at the signal, however it ends', async () => {
    const call = startCall()
    for (let count = 0; count < 20; count++) {
      await retry(rulesWith(), call, async () => count)
      const refused = retry(rulesWith(), call, () =>
        Promise.reject(systemicError('TEST_NO', 'no', { status: 403 })),
      )
      await expect(refused).rejects.toMatchObject({ code: 'TEST_NO' })
    }
    await retry(rulesWith(), call, async (_, attempt) => {
      if (attempt < 2) throw new Error('cut')
    })
    expect(getEventListeners(call.signal, 'abort')).toHaveLength(0)
  })

  it('ends at once when the call is aborted, with its reason', async () => {
    const call = startCall()
    const work = retry(rulesWith(), call, untilAborted)
    call.abort(new Error('time is up'))
    await expect(work).rejects.toThrow('time is up')
  })

  it('gives each attempt a time of its own, and says so', async () => {
    let tries = 0
    const work = retry(rulesWith({ limit: timeLimit('TEST', 20), attempts: 2 }), startCall(), (own) => {
      tries += 1
      return untilAborted(own)
    })
    await expect(work).rejects.toMatchObject({ failureClass: 'transient', code: 'TEST_TIMEOUT' })
    expect(tries).toBe(2)
  })

  it('has a wait between that grows, is spread by chance, and is not shorter than the service asks for', async () => {
    const chances = [0.25, 0.5, 1]
    const random = (): number => chances.shift() ?? 0
    expect(await attemptsAfter(answered(503), { random })).toBe(4)
    expect(clock.sleeps).toEqual([75, 300, 1_200])
    expect(await attemptsAfter(answered(503, 9_000), { random, attempts: 2 })).toBe(2)
    expect(clock.sleeps.slice(3)).toEqual([9_000])
  })

  it('has waits by the failure, or as they are given', async () => {
    const backoff = ({ status }: BridgeError) => ({ baseMs: status === 429 ? 1_000 : 10, capMs: 1_500 })
    await attemptsAfter(answered(429), { random: () => 1, backoff })
    await attemptsAfter(answered(503), { random: () => 1, backoff, attempts: 2 })
    expect(clock.sleeps).toEqual([1_000, 1_500, 1_500, 10])

    clock.sleeps.length = 0
    const given = rulesWith()
    const failing = retry({ ...given, waitsMs: [7, 5] }, startCall(), () => Promise.reject(answered(503)))
    await rejection(failing)
    expect(clock.sleeps).toEqual([7, 5])
  })

  it('counts anew after an attempt that brought something', async () => {
    const progress = [true, false, false, false, false, true]
    expect(await attemptsAfter(answered(503), { isProgress: () => progress.shift() ?? false })).toBe(5)
  })

  it('asks whether the first took effect before the second, and tells what had failed', async () => {
    const steps: string[] = []
    const work = async (): Promise<string> => {
      steps.push('work')
      throw answered(502)
    }
    const arrived = async ({ status }: BridgeError): Promise<string> => {
      steps.push(`look after ${status}`)
      return 'there'
    }
    expect(await retry(rulesWith(), startCall(), work, arrived)).toBe('there')
    expect(steps).toEqual(['work', 'look after 502'])
  })

  it('ends when nobody can tell whether it took effect', async () => {
    let done = 0
    const work = retry(
      rulesWith(),
      startCall(),
      async () => {
        done += 1
        throw answered(502)
      },
      () => Promise.reject(answered(500)),
    )
    expect(await rejection(work)).toMatchObject({ status: 500 })
    expect(done).toBe(1)
  })

  it('is not begun when its wait would end beyond the deadline, or in the time kept for the answer', async () => {
    for (const [leftMs, reserveMs, tries] of [
      [60_000, 0, 1],
      [120_000, 0, 2],
      [120_000, 40_000, 1],
    ] as const) {
      let done = 0
      const call = startCall({ deadline: clock.now() + leftMs })
      const work = retry(rulesWith({ reserveMs, attempts: 2 }), call, async () => {
        done += 1
        throw answered(503, 90_000)
      })
      expect(await rejection(work)).toMatchObject({ retryAfterMs: 90_000 })
      expect(done).toBe(tries)
    }
  })
})

describe('what may pass', () => {
  it.each([
    [100, false],
    [200, false],
    [304, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [409, false],
    [412, false],
    [425, true],
    [429, true],
    [500, true],
    [501, false],
    [502, true],
    [503, true],
    [504, true],
    [505, false],
    [507, true],
    [599, true],
    [600, false],
  ])('status %i: %s', async (status, passes) => {
    expect(mayPassStatus(status)).toBe(passes)
    expect(await attemptsAfter(answered(status))).toBe(passes ? 4 : 1)
  })

  it.each([
    ['ECONNRESET', 4],
    ['EPIPE', 4],
    ['ETIMEDOUT', 4],
    ['ENOTFOUND', 1],
    ['EAI_AGAIN', 4],
    ['ECONNREFUSED', 1],
    ['EHOSTUNREACH', 1],
    ['CERT_HAS_EXPIRED', 1],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 1],
    ['SELF_SIGNED_CERT_IN_CHAIN', 1],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 1],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 1],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 1],
    ['EPROTO', 1],
  ])('a connection that fails with %s: %i attempts', async (code, attempts) => {
    const failure = Object.assign(new Error('https://user:secret@host/'), { code })
    const toError = (thrown: unknown): BridgeError => networkError('TEST', thrown)
    expect(await attemptsAfter(failure, { toError })).toBe(attempts)
    // Wherever a library puts the code, and whoever has made it an error of the app.
    expect(await attemptsAfter(new TypeError('fetch failed', { cause: failure }), { toError })).toBe(attempts)
    expect(await attemptsAfter(networkError('TEST', failure))).toBe(attempts)
  })

  it("is a caller's to say, but for what never passes", async () => {
    const mayPass = (): boolean => true
    expect(await attemptsAfter(systemicError('TEST_NO', 'no', { status: 404 }), { mayPass })).toBe(4)
    for (const status of [501, 505]) expect(await attemptsAfter(answered(status), { mayPass })).toBe(1)
    const nobody = networkError('TEST', Object.assign(new Error(), { code: 'ECONNREFUSED' }))
    expect(await attemptsAfter(nobody, { mayPass })).toBe(1)
    expect(await attemptsAfter(answered(503), { mayPass: () => false })).toBe(1)
  })
})
