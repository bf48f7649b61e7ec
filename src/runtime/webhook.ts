import { untilAborted } from '../core/call-context'
import { akeneoRetryStatus } from '../core/status-table'
import { readWebRequest, type WebRequest } from '../events/web-request'
import type { FlowContext } from '../flows/event-flow'
import type { Outcome } from '../flows/outcome'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'
import { renderOutcome } from './render'

/** Akeneo gives up after five seconds, the start of a container included. */
const budgetMs = 4_000

/** Undefined when the signature is missing or wrong. */
type WebhookFlow = (request: WebRequest, context: FlowContext) => Promise<Outcome | undefined>

/**
 * A raw web action that receives events of Akeneo. Akeneo suspends a subscription on 404 and redirects, and after too
 * many failures. So it answers 401 to a request without a valid signature, 429 to every fault of its own, and 200 to
 * all else, unknown types of events included.
 */
export function createWebhook(name: string, flow: WebhookFlow): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (params, context) => {
      const request = readWebRequest(params)
      if (request.method === 'get' || request.method === 'head')
        return success({ message: `${name} is ready` })
      const outcome = await untilAborted(flow(request, context), context.call.signal)
      return outcome === undefined
        ? failure(401, { message: 'the signature is missing or wrong' })
        : success(renderOutcome(outcome))
    },
    { budgetMs, retryStatus: akeneoRetryStatus },
  )
}
