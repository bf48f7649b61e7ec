import { type BridgeError, toBridgeError } from '../core/errors'
import type { FlowContext } from './event-flow'

/**
 * Runs a step at the end of a run, where a failure is returned instead of thrown.
 * @returns the failure, if there was one
 * @throws the signal's reason, and nothing else
 */
export async function thrownBy(
  work: () => Promise<void>,
  { call }: Pick<FlowContext, 'call'>,
): Promise<BridgeError | undefined> {
  try {
    await work()
    return undefined
  } catch (thrown) {
    call.signal.throwIfAborted()
    return toBridgeError(thrown)
  }
}
