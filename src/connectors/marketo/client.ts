import * as v from 'valibot'
import { startAttempt } from '../../core/attempt'
import { callContextOf, untilAborted } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { type BridgeError, toBridgeError } from '../../core/errors'
import { isRecord, parseJson } from '../../core/json'
import type { Redactor } from '../../core/redaction'
import { type Backoff, fullJitter } from '../../http/backoff'
import type { CallLimiter } from '../../http/call-limiter'
import type { HttpsAnswer } from '../kit/upload-request'
import { type HttpsRequest, sendRequest } from '../kit/upload-request'
import {
  isAbsence,
  isTokenProblem,
  isWorthAnotherTry,
  notMarketo,
  problemsOf,
  quotaReset,
  quotaUsedUp,
  toConnectionError,
  toIdentityError,
  tokenRefused,
  toMarketoError,
  toStatusError,
  unexpectedAnswer,
} from './errors'
import type { MarketoSettings } from './inputs'

/** A call below `/rest`, without the token. */
export type MarketoCall = Omit<HttpsRequest, 'url' | 'once'> & { path: string }

/** Calls to one instance. Every error is a `BridgeError`, or the signal's reason. */
export type MarketoClient = {
  /** Asks, up to five times. Gives the `result` of the answer; nothing when Marketo knows of none. */
  ask(path: string, signal: AbortSignal): Promise<readonly unknown[]>
  /** Sends once; a second time only when the token was refused, which leaves the first without effect. */
  send(call: MarketoCall, signal: AbortSignal): Promise<readonly unknown[]>
  /**
   * Waits before another attempt.
   * @param attempt attempts made so far, from 1
   * @throws the error, when it is none that passes, or there is no time left
   */
  pause(error: BridgeError, attempt: number, signal: AbortSignal): Promise<void>
}

/** What a client works with. */
export type MarketoParts = {
  redactor: Redactor
  limiter: CallLimiter
  clock: Clock
  /** How long Marketo may do nothing, in milliseconds. */
  idleMs: number
}

const maxAttempts = 5
const backoff: Backoff = { baseMs: 500, capMs: 8_000 }
/** What is too much is counted over 20 seconds, refused calls included as far as one knows. */
const busyBackoff: Backoff = { baseMs: 10_000, capMs: 20_000 }
const askMs = 15_000
/** A token is not used in its last minute. */
const marginMs = 60_000

const TokenAnswer = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)),
  expires_in: v.pipe(v.number(), v.minValue(0)),
})

/** Creates the client of a container: one token, one count of calls. */
export function createMarketoClient(settings: MarketoSettings, parts: MarketoParts): MarketoClient {
  const { redactor, limiter, clock, idleMs } = parts
  const { inputs } = settings
  let held: { token: string; expires: number } | undefined
  let flight: Promise<string> | undefined
  let quotaIsBackAt = 0

  return {
    ask,
    send: (call, signal) => withToken((token) => rest(call, token, Number.POSITIVE_INFINITY, signal), signal),
    pause,
  }

  async function ask(path: string, signal: AbortSignal): Promise<readonly unknown[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withToken(
          (token) => rest({ method: 'GET', path, headers: {} }, token, askMs, signal),
          signal,
        )
      } catch (thrown) {
        signal.throwIfAborted()
        await pause(toBridgeError(thrown), attempt, signal)
      }
    }
  }

  async function pause(error: BridgeError, attempt: number, signal: AbortSignal): Promise<void> {
    const growth = error.code === 'MARKETO_BUSY' ? busyBackoff : backoff
    const wait = Math.max(fullJitter(growth, attempt, Math.random()), error.retryAfterMs ?? 0)
    const isOver = attempt >= maxAttempts || clock.now() + wait >= callContextOf(signal).deadline
    if (isOver || !isWorthAnotherTry(error)) throw error
    await clock.sleep(wait, signal)
  }

  async function withToken<T>(
    call: (token: string) => Promise<T | 'token refused'>,
    signal: AbortSignal,
  ): Promise<T> {
    checkQuota()
    for (let attempt = 1; attempt <= 2; attempt++) {
      const token = await currentToken(signal)
      const result = await call(token)
      if (result !== 'token refused') return result
      if (held?.token === token) held = undefined
    }
    throw tokenRefused('601 or 602, twice', inputs)
  }

  function checkQuota(): void {
    const missing = quotaIsBackAt - clock.now()
    if (missing > 0) throw quotaUsedUp(missing)
  }

  async function rest(
    { path, ...request }: MarketoCall,
    token: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<readonly unknown[] | 'token refused'> {
    const headers = { ...request.headers, accept: 'application/json', authorization: `Bearer ${token}` }
    const url = new URL(path, settings.origin)
    // An upload has to ask what became of it before it is repeated.
    const once = request.body !== undefined
    const answer = await exchange({ ...request, url, headers, once }, timeoutMs, signal)
    const body = bodyOf(answer, toStatusError)
    const problems = problemsOf(body)
    const [first] = problems
    if (first === undefined || isAbsence(first)) return Array.isArray(body.result) ? body.result : []
    if (problems.some(isTokenProblem)) return 'token refused'
    if (problems.some(({ code }) => code === '607')) quotaIsBackAt = quotaReset(clock.now())
    throw toMarketoError({ ...first, message: redactor.text(first.message) }, clock.now(), inputs)
  }

  async function currentToken(signal: AbortSignal): Promise<string> {
    if (held !== undefined && clock.now() < held.expires) return held.token
    flight ??= newToken().finally(() => {
      flight = undefined
    })
    return untilAborted(flight, signal)
  }

  /** Others wait for it, too: the end of the first who asked must not take it from them. */
  async function newToken(): Promise<string> {
    const url = new URL('/identity/oauth/token', settings.origin)
    url.search = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
    }).toString()
    const request: HttpsRequest = { method: 'GET', url, headers: { accept: 'application/json' } }
    const answer = await exchange(request, askMs, new AbortController().signal)
    const parsed = v.safeParse(TokenAnswer, bodyOf(answer, toIdentityError))
    if (!parsed.success) throw unexpectedAnswer()
    const { access_token: token, expires_in: seconds } = parsed.output
    redactor.add(token)
    const life = seconds * 1000
    held = { token, expires: clock.now() + Math.max(life - marginMs, life / 2) }
    return token
  }

  function bodyOf(
    answer: HttpsAnswer,
    toError: (answer: HttpsAnswer, now: number, inputs: string) => BridgeError,
  ): Record<string, unknown> {
    if (answer.status < 200 || answer.status >= 300) throw toError(answer, clock.now(), inputs)
    const body = answer.text === undefined ? undefined : parseJson(answer.text)
    if (!isRecord(body)) throw notMarketo(answer)
    return body
  }

  /** Within what the instance allows. The time to wait for that is not the call's. */
  async function exchange(
    request: HttpsRequest,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<HttpsAnswer> {
    return limiter.run(signal, async () => {
      // It may have been used up while this call waited for its turn.
      checkQuota()
      const attempt = startAttempt(signal, timeoutMs)
      try {
        return await sendRequest(request, Math.min(idleMs, timeoutMs), attempt.signal)
      } catch (thrown) {
        signal.throwIfAborted()
        throw toConnectionError(thrown, inputs)
      } finally {
        attempt.release()
      }
    })
  }
}
