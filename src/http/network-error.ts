import { BridgeError, systemicError, transientError } from '../core/errors'
import { errorCode } from './exchange'

/**
 * What went wrong with a connection, as an error of the app: by Node's code only, never by its message, which can hold
 * the URL or a header.
 * @param upstream its name in errors, upper case: `AEM`
 */
export function networkError(upstream: string, thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const code = errorCode(thrown) ?? 'unknown network error'
  if (code === 'ERR_INVALID_CHAR') {
    return systemicError(
      'INPUT_INVALID',
      `${upstream} cannot be called: an input or token that goes into a header holds a character that no header may hold`,
      { upstream },
    )
  }
  return transientError(`${upstream}_UNREACHABLE`, `${upstream} cannot be reached: ${code}`, { upstream })
}
