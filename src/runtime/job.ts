import type { FlowContext } from '../flows/event-flow'
import type { Supervised } from '../flows/run/supervised-run'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'

/**
 * An action that an alarm fires. Nobody waits for its answer; one that failed is a failed activation, so that an
 * operator sees it among the others.
 */
export function createJob(
  name: string,
  job: (context: FlowContext) => Promise<Supervised>,
): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (_params, context) => {
      const { answer, error } = await job(context)
      return error === undefined ? success(answer) : failure(503, answer)
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}
