import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { type BridgeError, toBridgeError } from '../core/errors'
import { createSingleFlight } from './single-flight'

/** Access tokens of one account at one service. */
export type Tokens = {
  /**
   * A token that is good for the next minutes. However many ask at once, one request goes out.
   * @throws {BridgeError} what the grant throws
   */
  token(call: CallContext): Promise<string>
  /** Tells that the service took this token: when it refuses it later, it was revoked, and a new one is due at once. */
  accepted(token: string): void
  /** Tells that the service answered 401 to this token. @returns whether another one can be had by now */
  refused(token: string): boolean
  /** Tells that the service answered 403: rights granted since a token was issued need a new one, so an old one is dropped. */
  forbidden(token: string): void
}

/** A new token, and how long it lives, in milliseconds. */
export type Grant = { token: string; lifeMs: number }

/** How tokens are come by, and how long they are used. */
export type TokenOptions = {
  clock: Clock
  /** Asks the service for a new token. */
  grant(call: CallContext): Promise<Grant>
  /** How long that may take, retries included. */
  limitMs: number
  /** The error when that time is up. */
  late: () => BridgeError
  /** A token is not used in its last minutes: it must outlive the request that carries it. @default 5 minutes */
  marginMs?: number
  /**
   * Tells the errors after which the service is not asked again for a minute: repeating a wrong password for each event
   * would lock the user out. @default none
   */
  isLockout?: (error: BridgeError) => boolean
}

const usualMarginMs = 5 * 60_000
/** No service gives a token for longer; a larger figure would be milliseconds taken for seconds. */
const maxLifeMs = 24 * 3_600_000
/** A new token that is refused, too, is not too old: asking for another one at each event would only get us throttled. */
const patienceMs = 60_000
/** A 403 for one folder must not cost many tokens. */
const rightsPatienceMs = 10 * 60_000

/** Creates the one token cache there is; nothing of it is kept anywhere else. */
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

/** A token that nobody can renew, such as one that an operator has set. */
export const fixedToken = (token: string): Tokens => ({
  token: async () => token,
  accepted: () => undefined,
  refused: () => false,
  forbidden: () => undefined,
})

/** One with an old token, one with a new one, and one more when others renewed it at the same time. */
const maxRounds = 3

/**
 * Sends something with a token; after a 401 once more with a new one. A second refusal stands: the answer is the
 * caller's, whatever its status.
 * @param use sends it; may run more than once
 * @param discard lets go of a refused answer that nobody reads
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
