import { untilAborted } from '../core/call-context'
import { readWebRequest, type WebRequest } from '../events/web-request'
import type { FlowContext } from '../flows/event-flow'
import type { Outcome } from '../flows/outcome'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'
import { renderOutcome } from './render'

/** Akeneo gives up after five seconds, the start of a container included. */
const budgetMs = 4_000

/** What is behind a webhook. */
type Receiver = {
  /** Undefined when the sender could not prove who it is. */
  receive(request: WebRequest, context: FlowContext): Promise<Outcome | undefined>
  /** What the sender is answered when it has to deliver again. */
  retryStatus: number
}

/**
 * A raw web action that receives events of Akeneo. Akeneo suspends a subscription on 404 and redirects, and when too
 * much fails: so it is 200 for whatever was understood or need not be, 401 for what nobody signed, and the
 * receiver's retry status (429) for our own faults, whatever they are. Those are told in the log only: anybody may call.
 */
export function createWebhook(
  name: string,
  { receive, retryStatus }: Receiver,
): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (params, context) => {
      const request = readWebRequest(params)
      if (request.method === 'get' || request.method === 'head')
        return success({ message: `${name} is ready` })
      const outcome = await untilAborted(receive(request, context), context.call.signal)
      return outcome === undefined
        ? failure(401, { message: 'the signature is missing or wrong' })
        : success(renderOutcome(outcome))
    },
    { budgetMs, retryStatus, public: true },
  )
}
