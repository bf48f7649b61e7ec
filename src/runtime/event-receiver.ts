import { decide } from '../core/status-table'
import { subjectOf } from '../delivery/subject'
import { eventKey } from '../events/decode'
import { readDelivery } from '../events/event-params'
import type { EventFlow } from '../flows/event-flow'
import { type Failure, undoneOf } from '../flows/outcome'
import { perform } from '../flows/perform'
import { createAction } from './action'
import { type Answer, failure, forProgram, success } from './answer'
import { type Rendered, renderOutcome } from './render'

/**
 * An action that receives events from I/O Events: it answers the challenge probe, takes each event of the delivery
 * through the flow, and answers so that the sender delivers again the events that are neither done nor on record.
 */
export function createEventReceiver(name: string, flow: EventFlow): (params: unknown) => Promise<Answer> {
  return createAction(name, async (params, context) => {
    const delivery = readDelivery(params)
    if (delivery.challenge !== undefined) return forProgram({ challenge: delivery.challenge })

    const outcomes = await Promise.all(
      delivery.events.map((event) => perform({ action: name, event }, { [name]: flow }, context)),
    )
    const results = outcomes.map(renderOutcome)
    context.call.logger.info('answered', {
      ...delivery.trace,
      events: delivery.events.map((event) => eventKey(event).id),
      assets: delivery.events.map((event) => {
        const { assetId, path } = subjectOf(event)
        return { assetId, path }
      }),
      outcomes: countOutcomes(results),
    })
    const [undone] = outcomes.flatMap((outcome) => undoneOf(outcome))
    if (undone !== undefined)
      return retryLater(undone.failure, delivery.batch ? results : results.slice(0, 1))
    const [first] = results
    return success(delivery.batch || first === undefined ? results : first)
  })
}

/** One event that has to be retried repeats the whole delivery; doing the others twice changes nothing. */
function retryLater({ failureClass }: Failure, results: readonly Rendered[]): Answer {
  const decision = decide(failureClass)
  const statusCode = decision.action === 'retry' ? decision.statusCode : 503
  const [first] = results
  return failure(
    statusCode,
    results.length === 1 && first !== undefined
      ? first
      : { message: 'some events have to be delivered again', results },
  )
}

function countOutcomes(results: readonly Rendered[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
