import * as v from 'valibot'
import { permanentError } from '../core/errors'
import type { EventResult, FlowContext } from '../flows/event-flow'
import { createAction } from './action'
import { type Answer, success } from './answer'

/** Does the pending work of these ids. */
export type PendingFlow = (ids: readonly string[], context: FlowContext) => Promise<readonly EventResult[]>

const Params = v.object({ pending: v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))) })

/**
 * An action that works off pending records, started by other actions and waited for by nobody: it has all the time that
 * the platform gives. Whatever it does not finish stays pending.
 */
export function createWorker(name: string, flow: PendingFlow): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (params, context) => {
      const parsed = v.safeParse(Params, params)
      if (!parsed.success) {
        throw permanentError('PARAMS_INVALID', `${name} takes { "pending": [ids of pending work] }`)
      }
      const results = await flow(parsed.output.pending, context)
      context.call.logger.info('worked off', { results: results.map(({ message }) => message) })
      return success({ results })
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}
