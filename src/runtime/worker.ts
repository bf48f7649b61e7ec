import * as v from 'valibot'
import { permanentError } from '../core/errors'
import type { EventResult, FlowContext } from '../flows/event-flow'
import type { Outcome, Work } from '../flows/perform'
import { Works } from '../flows/run/remote-lane'
import { createAction } from './action'
import { type Answer, success } from './answer'

/** What a worker does. */
export type WorkerFlows = {
  /** The pending work of these ids. */
  pending(ids: readonly string[], context: FlowContext): Promise<readonly EventResult[]>
  /** Work that a run hands over, and waits for. */
  works(works: readonly Work[], context: FlowContext): Promise<readonly (Outcome | null)[]>
}

const Pending = v.object({ pending: v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))) })

/**
 * An action that is started by other actions. Pending records it works off with all the time that the platform gives,
 * for nobody waits; whatever it does not finish stays pending. The work of a run it does at once, and answers.
 */
export function createWorker(name: string, flows: WorkerFlows): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (params, context) => {
      const works = v.safeParse(Works, params)
      if (works.success) return success({ outcomes: await flows.works(works.output.works, context) })
      const parsed = v.safeParse(Pending, params)
      if (!parsed.success) {
        throw permanentError('PARAMS_INVALID', `${name} takes { "pending": [ids of pending work] }`)
      }
      const results = await flows.pending(parsed.output.pending, context)
      context.call.logger.info('worked off', { results: results.map(({ message }) => message) })
      return success({ results })
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}
