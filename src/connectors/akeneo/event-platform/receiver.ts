import { createHmac } from 'node:crypto'
import type { CallContext } from '../../../core/call-context'
import { BridgeError, systemicError } from '../../../core/errors'
import { isRecord, parseJson } from '../../../core/json'
import type { HttpClient } from '../../../http/http-client'
import { eventPlatformName } from './errors'

/** The result of test deliveries to the receiver, signed like those of the subscription. */
export type ReceiverVerdict = {
  /**
   * `gone`, `refuses` and `stranger` are certain: Akeneo would suspend the subscription, or its events would be lost. A
   * stranger answers 200 as well, but not as `pim-events` does.
   */
  kind: 'accepts' | 'refuses' | 'gone' | 'stranger' | 'unclear'
  /** For each secret, in order: whether the receiver accepts it; empty when that is unknown. */
  known: readonly boolean[]
  /** Its answers, for display. */
  answer: string
}

/** An unknown type: a receiver acknowledges it and does nothing. */
const probe = Buffer.from(JSON.stringify({ specversion: '1.0', id: 'probe', type: 'bridge.probe' }))

/**
 * Delivers an event that means nothing to a receiver, once for each secret, signed as Akeneo signs (HMAC-SHA256 of the
 * bytes, lower-case hexadecimal; Event Platform, concepts). It never throws but when the signal aborts.
 */
export async function askReceiver(
  { url, secrets, http }: { url: URL; secrets: readonly string[]; http: HttpClient },
  call: CallContext,
): Promise<ReceiverVerdict> {
  const upstream = http.upstream({
    name: eventPlatformName,
    origins: [url.origin],
    concurrency: 1,
    maxAttempts: 1,
  })
  const statuses: number[] = []
  let isStranger = false
  for (const secret of secrets) {
    try {
      const request = {
        method: 'POST' as const,
        url: url.href,
        headers: {
          'content-type': 'application/cloudevents+json',
          'x-akeneo-signature-primary': createHmac('sha256', secret).update(probe).digest('hex'),
          'x-akeneo-signature-algorithm': 'HmacSHA256',
        },
        body: probe.toString(),
      }
      const { status, text } = await upstream.request(request, call)
      statuses.push(status)
      isStranger ||= status === 200 && !isOurs(text)
    } catch (thrown) {
      call.signal.throwIfAborted()
      if (!(thrown instanceof BridgeError)) throw thrown
      const answer = thrown.status === undefined ? 'it did not answer' : `it answered ${thrown.status}`
      return { kind: 'unclear', known: [], answer }
    }
  }
  return isStranger ? { kind: 'stranger', known: [], answer: answerOf(statuses) } : verdictOf(statuses)
}

/** The body that `pim-events` answers to an event that it ignores. */
function isOurs(text: string): boolean {
  const body = parseJson(text)
  return isRecord(body) && body.outcome === 'ignored'
}

const answerOf = (statuses: readonly number[]): string =>
  `it answered ${[...new Set(statuses)].join(' and ')}`

function verdictOf(statuses: readonly number[]): ReceiverVerdict {
  const answer = answerOf(statuses)
  const known = statuses.map((status) => status === 200)
  if (known.includes(true)) return { kind: 'accepts', known, answer }
  if (statuses.some((status) => status === 404 || (status >= 300 && status < 400))) {
    return { kind: 'gone', known: [], answer }
  }
  if (statuses.every((status) => status === 401)) return { kind: 'refuses', known, answer }
  return { kind: 'unclear', known: [], answer }
}

/**
 * Stops before a subscription that works, or is to be resumed, is pointed at a receiver that cannot take its events.
 * @throws {BridgeError} systemic, `AKENEO_EVENTS_RECEIVER`
 */
export function requireReceiver({ kind, answer }: ReceiverVerdict): void {
  if (kind === 'refuses') {
    throw systemicError(
      'AKENEO_EVENTS_RECEIVER',
      `the receiver knows none of the secrets in AKENEO_EVENT_SECRETS that Akeneo would sign with (${answer}), so events would be lost. Keep the one that is deployed behind the new one, as "new,old", or deploy first; nothing was changed. --unchecked goes on regardless`,
    )
  }
  if (kind === 'stranger') {
    throw systemicError(
      'AKENEO_EVENTS_RECEIVER',
      `what stands at the URL is not pim-events (${answer}, but not with its words), so events would be lost: take the URL from npx aio app get-url pim-events; nothing was changed. --unchecked goes on regardless`,
    )
  }
  if (kind === 'gone') {
    throw systemicError(
      'AKENEO_EVENTS_RECEIVER',
      `there is no receiver at the URL (${answer}), and Akeneo would suspend the subscription with the first event: deploy the app and take the URL from npx aio app get-url pim-events; nothing was changed. --unchecked goes on regardless`,
    )
  }
}
