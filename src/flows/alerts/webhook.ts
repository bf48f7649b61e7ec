import type { CallContext } from '../../core/call-context'
import { transientError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import { oneLine } from '../../core/visible'
import type { HttpClient } from '../../http/http-client'
import { isOk } from '../../http/response'
import type { RawInputs } from '../../inputs/raw-inputs'
import { sourceOf, valuesOf } from '../../inputs/values'
import { alertInputs } from './inputs'
import { type AlertFormat, bodyOf, formatOf, type Notice } from './message'

/** Where alerts are sent. */
export type AlertWebhook = {
  format: AlertFormat
  /**
   * Sends one notice, once.
   * @returns what the host answered
   * @throws {BridgeError} transient `ALERT_NOT_SENT`: the host did not take it
   */
  send(notice: Notice, call: CallContext): Promise<{ status: number; answer: string }>
}

const upstream = 'ALERT'
/** A shorter path is a word like any other. */
const leastSecretPath = 12
const maxAnswer = 200

/**
 * Opens the webhook that the inputs name.
 * @param app what the messages call this app
 * @returns undefined when there is none
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export function openAlertWebhook(
  { inputs, redactor, http }: { inputs: RawInputs; redactor: Redactor; http: HttpClient },
  app: string,
): AlertWebhook | undefined {
  const { ALERT_WEBHOOK_URL, ALERT_WEBHOOK_FORMAT } = alertInputs
  const values = valuesOf({ ALERT_WEBHOOK_URL, ALERT_WEBHOOK_FORMAT }, sourceOf(inputs, redactor))
  const url = values.ALERT_WEBHOOK_URL
  if (url === undefined) return undefined
  // The path of such an address is a password.
  if (url.pathname.length >= leastSecretPath) redactor.add(url.pathname)
  redactor.add(url.search.slice(1) || undefined)
  const format = values.ALERT_WEBHOOK_FORMAT ?? formatOf(url)
  const client = http.upstream({ name: upstream, origins: [url.origin], concurrency: 1, maxAttempts: 1 })
  return {
    format,
    async send(notice, call) {
      const body = JSON.stringify(bodyOf(notice, app, format))
      const headers = { 'content-type': 'application/json' }
      const response = await client
        .request({ method: 'POST', url: url.href, headers, body }, call)
        .catch((thrown: unknown) => {
          call.signal.throwIfAborted()
          throw notSent(thrown instanceof Error ? thrown.message : 'it did not answer')
        })
      const { status } = response
      const answer = oneLine(redactor.text(response.text), maxAnswer)
      // Slack answers `ok`; whatever else it says is no success.
      if (!isOk(response) || (format === 'slack' && answer !== 'ok')) {
        throw notSent(`it answered ${status} ${answer}`)
      }
      return { status, answer }
    },
  }

  function notSent(why: string) {
    const message = `the host of ALERT_WEBHOOK_URL did not take the alert: ${oneLine(redactor.text(why), maxAnswer)}`
    return transientError('ALERT_NOT_SENT', message)
  }
}
