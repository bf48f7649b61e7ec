import { createLeases } from '../delivery/lease'
import { createRunReports } from '../delivery/run-reports'
import type { FlowContext } from '../flows/event-flow'
import type { PreparedJob, RunResult } from '../flows/run/run-result'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'
import { renderRun } from './render'
import { type AfterRun, superviseRun } from './supervised-run'

/**
 * An action that an alarm fires. No caller waits for its answer. A run that fails is a failed activation, so that an
 * operator sees it in the list of activations. A job that is not set up takes no lease and writes no report, and logs one
 * line at info: its alarm fires again and again, and nothing is wrong.
 * @param after follows each run, and what takes its place where the job is not set up
 * @param prepare builds the job; what it throws is answered before any lease is taken
 */
export function createJob(
  name: string,
  prepare: (context: FlowContext) => PreparedJob,
  after?: AfterRun,
): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (_params, context) => {
      const { store, clock, redactor } = context
      const job = prepare(context)
      if ('notSetUp' in job) {
        context.call.logger.info('not set up', renderRun(job.notSetUp))
        await after?.(job.notSetUp, context)
        return answerOf(job.notSetUp)
      }
      const parts = {
        leases: createLeases({ store, clock }),
        reports: createRunReports(store, { redactor }),
        after,
      }
      return answerOf(await superviseRun(name, parts, job, context))
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}

function answerOf(result: RunResult): Answer {
  const answer = renderRun(result)
  return result.error === undefined ? success(answer) : failure(503, answer)
}
