import * as v from 'valibot'
import { permanentError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import type { Outcome } from '../flows/outcome'
import { Works } from '../flows/run/remote-lane'
import type { WorkedOff } from '../flows/run/work-off'
import type { Work } from '../flows/work'
import { createAction } from './action'
import { type Answer, forProgram, success } from './answer'
import { renderWorkedOff } from './render'

/** What a worker does. */
export type WorkerFlows = {
  /** The pending work of these ids. */
  pending(ids: readonly string[], context: FlowContext): Promise<readonly WorkedOff[]>
  /** Work of a run that waits for the answer. */
  works(works: readonly Work[], context: FlowContext): Promise<readonly (Outcome | null)[]>
  /** Assets of a backfill that waits for the answer. */
  backfill(slice: unknown, context: FlowContext): Promise<readonly unknown[]>
  /** What the app was deployed from, as digests: for an operator who compares. */
  identify(nonce: string, context: FlowContext): Promise<Readonly<Record<string, unknown>>>
  /** Checks the parties that the app reaches, for an operator who waits for the answer. */
  doctor(write: boolean, context: FlowContext): Promise<readonly Readonly<Record<string, unknown>>[]>
}

const Backfill = v.object({ backfill: v.record(v.string(), v.unknown()) })
const Doctor = v.object({ doctor: v.object({ write: v.boolean() }) })
const Identify = v.object({ identify: v.object({ nonce: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)) }) })
const Pending = v.object({ pending: v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))) })

/**
 * An action that other actions start. It works off pending records until the platform's time limit, since no caller
 * waits; records that it does not finish stay pending. The work of a run it does at once, since the run waits for the
 * answer.
 */
export function createWorker(name: string, flows: WorkerFlows): (params: unknown) => Promise<Answer> {
  return createAction(
    name,
    async (params, context) => {
      const works = v.safeParse(Works, params)
      if (works.success) return forProgram({ outcomes: await flows.works(works.output.works, context) })
      const slice = v.safeParse(Backfill, params)
      if (slice.success) return forProgram({ worked: await flows.backfill(slice.output.backfill, context) })
      const asked = v.safeParse(Doctor, params)
      if (asked.success) return success({ checks: await flows.doctor(asked.output.doctor.write, context) })
      const whom = v.safeParse(Identify, params)
      if (whom.success) return success(await flows.identify(whom.output.identify.nonce, context))
      const parsed = v.safeParse(Pending, params)
      if (!parsed.success) {
        throw permanentError('PARAMS_INVALID', `${name} takes { "pending": [ids of pending work] }`)
      }
      const worked = await flows.pending(parsed.output.pending, context)
      const results = worked.map(renderWorkedOff)
      context.call.logger.info('worked off', { results: results.map(({ message }) => message) })
      return success({ results })
    },
    { budgetMs: Number.POSITIVE_INFINITY, trigger: 'batch' },
  )
}
