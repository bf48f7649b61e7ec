import { createLeases } from '../delivery/lease'
import { createRunReports } from '../delivery/run-reports'
import type { FlowContext } from '../flows/event-flow'
import type { RunResult } from '../flows/run/run-result'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'
import { renderRun } from './render'
import { superviseRun } from './supervised-run'

/**
 * An action that an alarm fires. No caller waits for its answer. A run that fails is a failed activation, so that an
 * operator sees it in the list of activations.
 * @param prepare builds the job; what it throws is answered before any lease is taken
 */
export function createJob(
  name: string,
  prepare: (context: FlowContext) => () => Promise<RunResult>,
): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (_params, context) => {
      const { store, clock, redactor } = context
      const job = prepare(context)
      const parts = { leases: createLeases({ store, clock }), reports: createRunReports(store, { redactor }) }
      const result = await superviseRun(name, parts, job, context)
      const answer = renderRun(result)
      return result.error === undefined ? success(answer) : failure(503, answer)
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}
