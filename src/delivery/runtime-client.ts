import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Client } from 'openwhisk'
import * as v from 'valibot'
import { startAttempt } from '../core/attempt'
import { untilAborted } from '../core/call-context'
import { BridgeError, systemicError, transientError } from '../core/errors'
import { createRedactor, type Redactor } from '../core/redaction'
import { inBrackets, reasonOfValue } from '../http/reason'
import { isUnsupported } from '../http/status'

/** Who an activation is, for asking the platform. */
export type RuntimeCredentials = {
  /** Such as `https://runtime.adobe.io`; from `__OW_API_HOST`. */
  apiHost: string | undefined
  namespace: string | undefined
  apiKey: string | undefined
  /** The own full name, `/namespace/package/action`: the other action stands in the same package. */
  actionName: string | undefined
}

const upstream = 'RUNTIME'
/** An error of the library: the body of the platform's answer is its `error`. */
const Failed = v.object({ statusCode: v.number(), error: v.optional(v.unknown()) })

/** A request to the platform. */
export type RuntimeRequest<T> = {
  /** For messages, as the end of "I/O Runtime refused to ...". */
  what: string
  /** What to do when the platform refuses it. */
  remedy: string
  limitMs: number
  send(client: Client, actionName: string): Promise<T>
}

/**
 * Asks the platform; the library is loaded with the first request.
 * @throws {BridgeError} transient `RUNTIME_UNAVAILABLE` when the platform does not answer now; systemic `RUNTIME_REFUSED`
 * when it refuses the key or has no such thing, and `RUNTIME_WITHOUT_CREDENTIALS`
 */
export async function askRuntime<T>(
  { apiHost, namespace, apiKey, actionName }: RuntimeCredentials,
  { what, remedy, limitMs, send }: RuntimeRequest<T>,
  signal: AbortSignal,
): Promise<T> {
  if (!apiHost || !namespace || !apiKey || !actionName) {
    throw systemicError(
      'RUNTIME_WITHOUT_CREDENTIALS',
      'an action can start another one only on I/O Runtime, with the annotation provide-api-key: true',
      { upstream },
    )
  }
  signal.throwIfAborted()
  const { default: openwhisk } = await import('openwhisk')
  // The client knows no end of its own: without an agent to destroy, a hanging request would outlive the call.
  const agent = apiHost.startsWith('http://') ? new HttpAgent() : new HttpsAgent()
  const attempt = startAttempt(signal, limitMs)
  try {
    const client = openwhisk({ apihost: apiHost, namespace, api_key: apiKey, agent })
    return await untilAborted(send(client, actionName), attempt.signal)
  } catch (thrown) {
    signal.throwIfAborted()
    if (attempt.timedOut()) throw unavailable(what, `no answer within ${limitMs} ms`)
    const mask = createRedactor([apiKey, Buffer.from(apiKey).toString('base64')])
    throw problem({ what, remedy }, thrown, mask)
  } finally {
    attempt.release()
    agent.destroy()
  }
}

/** The library's own messages carry the URL and what was sent: nothing of them is kept but the platform's reason. */
function problem(
  { what, remedy }: Pick<RuntimeRequest<unknown>, 'what' | 'remedy'>,
  thrown: unknown,
  mask: Redactor,
): unknown {
  if (thrown instanceof BridgeError) return thrown
  const failed = v.safeParse(Failed, thrown)
  const status = failed.success ? failed.output.statusCode : undefined
  const said = failed.success ? inBrackets(reasonOfValue(mask.value(failed.output.error))) : ''
  if (status !== undefined && ([401, 403, 404].includes(status) || isUnsupported(status))) {
    return systemicError('RUNTIME_REFUSED', `I/O Runtime refused to ${what} (${status})${said}: ${remedy}`, {
      upstream,
      status,
    })
  }
  return unavailable(what, status === undefined ? 'no answer' : `status ${status}${said}`, status)
}

/** The platform did not do it now. */
export const unavailable = (what: string, why: string, status?: number): BridgeError =>
  transientError('RUNTIME_UNAVAILABLE', `I/O Runtime did not ${what}: ${why}`, {
    upstream,
    ...(status === undefined ? {} : { status }),
  })
