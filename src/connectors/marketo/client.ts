import * as v from 'valibot'
import { startAttempt } from '../../core/attempt'
import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import type { BridgeError } from '../../core/errors'
import { isRecord, parseJson } from '../../core/json'
import type { Redactor } from '../../core/redaction'
import type { Backoff } from '../../http/backoff'
import type { CallLimiter } from '../../http/call-limiter'
import { type RetryRules, retry } from '../../http/retry'
import { createTokens, type Grant, withToken } from '../../http/tokens'
import { sendUpload, type UploadAnswer, type UploadRequest } from '../../http/upload'
import {
  idleTooLong,
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
export type MarketoCall = Omit<UploadRequest, 'url' | 'once'> & { path: string }

/** Calls to one instance. Every error is a `BridgeError`, or the signal's reason. */
export type MarketoClient = {
  /** Reads, with up to five attempts. Returns the `result` of the answer; empty when Marketo has none. */
  ask(path: string, call: CallContext): Promise<readonly unknown[]>
  /** Sends once; a second time only when the token was refused, which leaves the first without effect. */
  send(request: MarketoCall, call: CallContext): Promise<readonly unknown[]>
  /** The retry rules, for an upload: its caller checks the result before each retry. */
  rules: RetryRules
}

/** What a client works with. */
export type MarketoParts = {
  redactor: Redactor
  limiter: CallLimiter
  clock: Clock
  /** A number from 0 up to 1, for the jitter of waits. */
  random: () => number
  /** How long Marketo may do nothing, in milliseconds. */
  idleMs: number
}

const maxAttempts = 5
const backoff: Backoff = { baseMs: 500, capMs: 8_000 }
/**
 * The rate limit is counted over 20 seconds; refused calls presumably count, too. So even the shortest wait lets a
 * quarter of that time pass.
 */
const busyBackoff: Backoff = { baseMs: 10_000, capMs: 20_000, floorMs: 5_000 }
const askMs = 15_000
/** A token is not used in its last minute. */
const marginMs = 60_000
/** The time limit for a token, which includes the wait for the rate limit. */
const limitMs = 60_000

/** Marketo answers 200 to everything: a refused token is converted to a 401. */
type Answer = { status: 200 | 401; result: readonly unknown[] }

const TokenAnswer = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)),
  expires_in: v.pipe(v.number(), v.minValue(0)),
})

/** Creates the client of a container: one token, one count of calls. */
export function createMarketoClient(settings: MarketoSettings, parts: MarketoParts): MarketoClient {
  const { redactor, limiter, clock, random, idleMs } = parts
  const { inputs } = settings
  let quotaIsBackAt = 0
  const rules: RetryRules = {
    clock,
    random,
    attempts: maxAttempts,
    backoff: ({ code }) => (code === 'MARKETO_BUSY' ? busyBackoff : backoff),
    mayPass: isWorthAnotherTry,
  }

  const tokens = createTokens({ clock, grant: newToken, limitMs, late: idleTooLong, marginMs })

  return { ask, send: (request, call) => authorized(request, Number.POSITIVE_INFINITY, call), rules }

  function ask(path: string, call: CallContext): Promise<readonly unknown[]> {
    const request: MarketoCall = { method: 'GET', path, headers: {} }
    return retry(rules, call, () => authorized(request, askMs, call))
  }

  async function authorized(
    request: MarketoCall,
    timeoutMs: number,
    call: CallContext,
  ): Promise<readonly unknown[]> {
    checkQuota()
    const { status, result } = await withToken(tokens, call, (token) => rest(request, token, timeoutMs, call))
    if (status === 401) throw tokenRefused('601 or 602, twice', inputs)
    return result
  }

  function checkQuota(): void {
    const missing = quotaIsBackAt - clock.now()
    if (missing > 0) throw quotaUsedUp(missing)
  }

  async function rest(
    { path, ...request }: MarketoCall,
    token: string,
    timeoutMs: number,
    call: CallContext,
  ): Promise<Answer> {
    const headers = { ...request.headers, accept: 'application/json', authorization: `Bearer ${token}` }
    const url = new URL(path, settings.origin)
    // An upload has to check its result before a retry.
    const once = request.body !== undefined
    const answer = await exchange({ ...request, url, headers, once }, timeoutMs, call.signal)
    const body = bodyOf(answer, toStatusError)
    const problems = problemsOf(body)
    const [first] = problems
    if (first === undefined || isAbsence(first))
      return { status: 200, result: Array.isArray(body.result) ? body.result : [] }
    if (problems.some(isTokenProblem)) return { status: 401, result: [] }
    if (problems.some(({ code }) => code === '607')) quotaIsBackAt = quotaReset(clock.now())
    throw toMarketoError({ ...first, message: redactor.text(first.message) }, clock.now(), inputs)
  }

  async function newToken({ signal }: CallContext): Promise<Grant> {
    const url = new URL('/identity/oauth/token', settings.origin)
    url.search = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
    }).toString()
    const request: UploadRequest = { method: 'GET', url, headers: { accept: 'application/json' } }
    const answer = await exchange(request, askMs, signal)
    const parsed = v.safeParse(TokenAnswer, bodyOf(answer, toIdentityError))
    if (!parsed.success) throw unexpectedAnswer()
    const { access_token: token, expires_in: seconds } = parsed.output
    redactor.add(token)
    return { token, lifeMs: seconds * 1000 }
  }

  function bodyOf(
    answer: UploadAnswer,
    toError: (answer: UploadAnswer, now: number, inputs: string) => BridgeError,
  ): Record<string, unknown> {
    if (answer.status < 200 || answer.status >= 300) {
      const text = redactor.text(answer.text ?? '')
      throw toError({ ...answer, text }, clock.now(), inputs)
    }
    const body = answer.text === undefined ? undefined : parseJson(answer.text)
    if (!isRecord(body)) throw notMarketo(answer)
    return body
  }

  /** Within the rate limit of the instance. The wait for it does not count towards the time limit of the call. */
  async function exchange(
    request: UploadRequest,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<UploadAnswer> {
    return limiter.run(signal, async () => {
      // The quota may have been used up while this call waited for the rate limit.
      checkQuota()
      const attempt = startAttempt(signal, timeoutMs)
      try {
        return await sendUpload(
          request,
          { ms: Math.min(idleMs, timeoutMs), timeIsUp: idleTooLong },
          attempt.signal,
        )
      } catch (thrown) {
        signal.throwIfAborted()
        throw toConnectionError(thrown, inputs)
      } finally {
        attempt.release()
      }
    })
  }
}
