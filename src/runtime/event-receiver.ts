import { type BridgeError, systemicError, toBridgeError } from '../core/errors'
import { decide } from '../core/status-table'
import { workId } from '../delivery/dead-letters'
import { eventKey } from '../events/decode'
import { readDelivery } from '../events/event-params'
import { type EventFlow, type EventResult, type FlowContext, Unfinished } from '../flows/event-flow'
import { createAction } from './action'
import { type Answer, failure, success } from './answer'

type Settled = { result: EventResult; retry?: BridgeError }

/**
 * An action that receives events from I/O Events: it answers the challenge probe, takes each event of the delivery
 * through the flow, and turns failures into dead letters or into an answer that makes the sender deliver again.
 */
export function createEventReceiver(name: string, flow: EventFlow): (params: unknown) => Promise<Answer> {
  return createAction(name, async (params, context) => {
    const delivery = readDelivery(params)
    if (delivery.challenge !== undefined) return success({ challenge: delivery.challenge })

    const settled = await Promise.all(delivery.events.map((event) => settle(event, context)))
    context.call.logger.info('answered', {
      ...delivery.trace,
      events: delivery.events.map((event) => eventKey(event).id),
      outcomes: countOutcomes(settled),
    })
    const results = settled.map(({ result }) => result)
    const retry = settled.find((one) => one.retry !== undefined)?.retry
    if (retry !== undefined) return retryLater(retry, delivery.batch ? results : results.slice(0, 1))
    const [first] = results
    return success(delivery.batch || first === undefined ? results : first)
  })

  async function settle(event: unknown, context: FlowContext): Promise<Settled> {
    try {
      const result = await flow(event, context)
      return result instanceof Unfinished
        ? { result: result.result, retry: result.retries[0].error }
        : { result }
    } catch (thrown) {
      context.call.signal.throwIfAborted()
      return settleFailure(event, toBridgeError(thrown), context)
    }
  }

  async function settleFailure(event: unknown, error: BridgeError, context: FlowContext): Promise<Settled> {
    const { call, redactor } = context
    const key = eventKey(event)
    const reason = redactor.text(error.message)
    call.logger.warn('an event failed', { event: key, error: error.toJSON() })
    if (decide(error.failureClass).action === 'retry') return retryable(error, reason)
    const id = workId(key, event)
    try {
      await context.deadLetters.write(
        { id, action: name, activationId: context.activationId, error, event },
        call.signal,
      )
    } catch (thrown) {
      call.signal.throwIfAborted()
      const failed = toBridgeError(thrown)
      call.logger.error('a dead letter could not be written', { event: key, error: failed.toJSON() })
      // Nothing is answered for good that is not on record.
      const why = `${reason} (and the dead letter could not be written: ${failed.code}: ${failed.message})`
      return retryable(systemicError('DEAD_LETTER_NOT_WRITTEN', why), redactor.text(why))
    }
    return {
      result: {
        message: `kept as a dead letter: ${reason}`,
        outcome: 'dead-letter',
        reason,
        code: error.code,
        deadLetter: id,
      },
    }
  }
}

const retryable = (error: BridgeError, reason: string): Settled => ({
  retry: error,
  result: { message: reason, outcome: 'retry', reason, code: error.code },
})

/** One event that has to come again brings the others with it; doing those twice changes nothing. */
function retryLater(error: BridgeError, results: readonly EventResult[]): Answer {
  const decision = decide(error.failureClass)
  const statusCode = decision.action === 'retry' ? decision.statusCode : 503
  const [first] = results
  return failure(
    statusCode,
    results.length === 1 && first !== undefined
      ? first
      : { message: 'some events have to be delivered again', results },
  )
}

function countOutcomes(settled: readonly Settled[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { result } of settled) counts[result.outcome] = (counts[result.outcome] ?? 0) + 1
  return counts
}
