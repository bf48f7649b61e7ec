import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { type BridgeError, toBridgeError } from '../core/errors'
import { createSingleFlight } from './single-flight'

/** Access tokens of one account at one service. */
export type Tokens = {
  /**
   * A token that is valid for the next minutes. Concurrent callers share one request.
   * @throws {BridgeError} what the grant throws
   */
  token(call: CallContext): Promise<string>
  /**
   * Reports that the service accepted this token. If the service refuses it later, the token has been revoked, and a
   * new one is requested at once.
   */
  accepted(token: string): void
  /** Reports that the service answered 401 to this token. @returns whether another token is available now */
  refused(token: string): boolean
  /** Reports that the service answered 403. An old token is dropped, since new rights are only in a new token. */
  forbidden(token: string): void
}

/** A new token, and how long it lives, in milliseconds. */
export type Grant = { token: string; lifeMs: number }

/** How tokens are requested, and how long they are used. */
export type TokenOptions = {
  clock: Clock
  /** Asks the service for a new token. */
  grant(call: CallContext): Promise<Grant>
  /** How long that may take, retries included. */
  limitMs: number
  /** The error when that time is up. */
  late: () => BridgeError
  /** A token is not used in its last minutes, so that it does not expire during a request. @default 5 minutes */
  marginMs?: number
  /**
   * The errors after which no token is requested for a minute: a wrong password, repeated for each event, would lock
   * the user out. @default none
   */
  isLockout?: (error: BridgeError) => boolean
}

const usualMarginMs = 5 * 60_000
/** No service issues a token for longer; a larger number is likely milliseconds instead of seconds. */
const maxLifeMs = 24 * 3_600_000
/**
 * A new token that is refused as well is not too old. To request another one at each event would only cause
 * throttling.
 */
const patienceMs = 60_000
/** A 403 for one folder must not cause many requests for tokens. */
const rightsPatienceMs = 10 * 60_000

/** Creates a token cache. This is the only one in the app. */
export function createTokens(options: TokenOptions): Tokens {
  const { clock, grant, limitMs, late, marginMs = usualMarginMs, isLockout = () => false } = options
  const flight = createSingleFlight<string>({ clock, limitMs, late })
  let held: { token: string; since: number; expires: number } | undefined
  let renewedAfterRefusal = Number.NEGATIVE_INFINITY
  let lockout: { error: BridgeError; until: number } | undefined

  return { token, accepted, refused, forbidden }

  async function token(call: CallContext): Promise<string> {
    if (held && clock.now() < held.expires) return held.token
    return flight('', call, renew)
  }

  async function renew(call: CallContext): Promise<string> {
    if (lockout && clock.now() < lockout.until) throw lockout.error
    try {
      const { token, lifeMs } = await grant(call)
      const life = Math.min(lifeMs, maxLifeMs)
      const since = clock.now()
      held = { token, since, expires: since + Math.max(life - marginMs, life / 2) }
      lockout = undefined
      return token
    } catch (thrown) {
      const error = toBridgeError(thrown)
      if (isLockout(error)) lockout = { error, until: clock.now() + patienceMs }
      throw error
    }
  }

  function accepted(token: string): void {
    if (held?.token === token) renewedAfterRefusal = Number.NEGATIVE_INFINITY
  }

  function refused(token: string): boolean {
    if (held?.token !== token) return true
    if (clock.now() - renewedAfterRefusal < patienceMs) return false
    renewedAfterRefusal = clock.now()
    held = undefined
    return true
  }

  function forbidden(token: string): void {
    if (held?.token === token && clock.now() - held.since >= rightsPatienceMs) held = undefined
  }
}

/** A token that cannot be renewed, such as one that an operator has set. */
export const fixedToken = (token: string): Tokens => ({
  token: async () => token,
  accepted: () => undefined,
  refused: () => false,
  forbidden: () => undefined,
})

/** One attempt with an old token, one with a new one, and one more when another call renewed it at the same time. */
const maxRounds = 3

/**
 * Sends something with a token; after a 401 once more with a new one. A second refusal stands: the answer is the
 * caller's, whatever its status.
 * @param use sends it; may run more than once
 * @param discard releases a refused answer without reading it
 */
export async function withToken<Answer extends { status: number }>(
  tokens: Tokens,
  call: CallContext,
  use: (token: string) => Promise<Answer>,
  discard: (refused: Answer) => void = () => undefined,
): Promise<Answer> {
  for (let round = 1; ; round++) {
    call.signal.throwIfAborted()
    const token = await tokens.token(call)
    const answer = await use(token)
    if (answer.status === 403) tokens.forbidden(token)
    if (answer.status !== 401) {
      tokens.accepted(token)
      return answer
    }
    if (!tokens.refused(token) || round === maxRounds) return answer
    discard(answer)
  }
}
