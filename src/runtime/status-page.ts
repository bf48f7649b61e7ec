import type { Status } from '../app/status'
import { untilAborted } from '../core/call-context'
import { type BridgeError, toBridgeError } from '../core/errors'
import { readWebRequest } from '../events/web-request'
import type { FlowContext } from '../flows/event-flow'
import { type ActionOptions, createAction } from './action'
import { type Answer, failure, success, text } from './answer'
import { openMetrics, openMetricsType } from './open-metrics'

/** What is behind the page. */
type StatusSource = {
  /** Whether this `authorization` header opens it; `off` when nothing does. */
  admits(authorization: string | undefined, context: FlowContext): 'yes' | 'no' | 'off'
  /** @throws {BridgeError} when State fails */
  read(context: FlowContext): Promise<Status>
}

/** A monitor waits for so long as a rule (Prometheus: 10 s). */
const budgetMs = 9_000

/**
 * A raw web action that tells how the app is: 404 when it is off, 401 without the right bearer token, then JSON, or
 * OpenMetrics text with `?format=openmetrics`. When State fails it is 503 with that part. What else is wrong stands in the
 * log only: anybody may call.
 */
export function createStatusPage(
  name: string,
  source: StatusSource,
  options: Pick<ActionOptions, 'clock'> = {},
): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (params, context) => {
      const { method, headers, query } = readWebRequest(params)
      const admitted = source.admits(headers.authorization, context)
      if (admitted === 'off') return failure(404, { message: 'there is nothing here' })
      if (admitted === 'no') return failure(401, { message: 'the bearer token is missing or wrong' })
      if (method !== 'get' && method !== 'head') return failure(405, { message: 'it takes GET only' })
      const format = query.get('format') ?? 'json'
      if (format !== 'json' && format !== 'openmetrics')
        return failure(400, { message: 'format is json or openmetrics' })
      try {
        const status = await untilAborted(source.read(context), context.call.signal)
        return format === 'json' ? success({ ...status }) : text(openMetricsType, openMetrics(status))
      } catch (thrown) {
        return unknown(toBridgeError(thrown), context)
      }
    },
    { ...options, budgetMs, public: true },
  )
}

/** Whoever is told has the token. */
function unknown(error: BridgeError, { call }: FlowContext): Answer {
  call.logger.error('the status could not be read', { error: error.toJSON() })
  const { code, message } = error
  return failure(503, { ok: false, lagSeconds: null, parts: { state: { ok: false, code, message } } })
}
