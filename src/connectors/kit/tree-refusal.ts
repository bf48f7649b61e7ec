import { BridgeError, transientError } from '../../core/errors'

/** Whether the tree says that it will not do so, rather than that something went wrong. */
export const isRefused = (thrown: unknown): thrown is BridgeError =>
  thrown instanceof BridgeError && thrown.failureClass !== 'transient'

/** Undefined where the tree refuses. */
export async function unlessRefused<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (thrown) {
    if (isRefused(thrown)) return undefined
    throw thrown
  }
}

export const changedMeanwhile = (path: string): BridgeError =>
  transientError('DESTINATION_CHANGED', `${path} has been changed by another writer since it was read`)
