import { toBridgeError } from '../core/errors'
import { withFields } from '../core/logger'
import { subjectOf } from '../delivery/subject'
import { eventKey } from '../events/decode'
import type { FlowContext, Flows } from './event-flow'
import type { Outcome } from './outcome'
import { recordFailure } from './record-failure'
import type { Work } from './work'

/**
 * Runs a unit of work through the flow of its action, for push, batch, worker and command line. A permanent failure
 * becomes a dead letter; other failures give the outcome `retry`.
 * @throws the signal's reason, and nothing else
 */
export async function perform(work: Work, flows: Flows, context: FlowContext): Promise<Outcome> {
  const { action, event, destination } = work
  const { path, assetId } = subjectOf(event)
  // Whatever is logged about the work tells which event and which asset it is about.
  const logger = withFields(context.call.logger, { event: eventKey(event), assetId, path })
  const own = { ...context, call: { ...context.call, logger } }
  const { call } = own
  try {
    const flow = Object.hasOwn(flows, action) ? flows[action] : undefined
    if (flow === undefined) throw new TypeError(`no flow of the name ${action}`)
    return await flow(event, { ...own, action, onlyDestination: destination })
  } catch (thrown) {
    call.signal.throwIfAborted()
    const error = toBridgeError(thrown)
    call.logger.warn('an event failed', { error: error.toJSON() })
    return recordFailure(error, work, own)
  }
}
