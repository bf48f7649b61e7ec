import * as v from 'valibot'
import { permanentError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import type { RunResult } from '../flows/run/run-result'
import type { SyncWork } from '../flows/sync/sync-work'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'
import { renderRun } from './render'

const Reference = v.object({
  kind: v.picklist(['identifier', 'uuid', 'model']),
  value: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000)),
  changedAt: v.optional(v.number()),
})
const Params = v.object({
  references: v.array(Reference),
  deleted: v.optional(v.array(Reference), []),
  pending: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
})

/**
 * An action that is started with references to changed products. No caller waits for its answer. If it leaves work
 * undone, the activation fails, so that an operator sees it in the list of activations.
 */
export function createSynchroniser(
  name: string,
  flow: (work: SyncWork, context: FlowContext) => Promise<RunResult>,
): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (params, context) => {
      const parsed = v.safeParse(Params, params)
      if (!parsed.success) {
        throw permanentError(
          'PARAMS_INVALID',
          `${name} takes { "references": [{ "kind": "identifier", "value": "..." }] }; the kinds are identifier, uuid and model`,
        )
      }
      const { references, deleted, pending } = parsed.output
      const result = await flow({ references, deleted, pending }, context)
      const answer = renderRun(result)
      return result.outcome === 'failed' ? failure(503, answer) : success(answer)
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}
