import * as v from 'valibot'
import { permanentError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import type { SyncReport } from '../flows/sync/sync-products'
import type { SyncWork } from '../flows/sync/sync-work'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'

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
 * An action that is started with references to changed products. Nobody waits for its answer: one that has left
 * something undone is a failed activation, so that an operator sees it among the others.
 */
export function createSynchroniser(
  name: string,
  flow: (work: SyncWork, context: FlowContext) => Promise<SyncReport>,
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
      const report = await flow({ references, deleted, pending }, context)
      const answer = { ...report, failures: context.redactor.value(report.failures) }
      return report.failures.some(({ retryable }) => retryable) ? failure(503, answer) : success(answer)
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}
