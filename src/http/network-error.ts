import { BridgeError, systemicError, transientError } from '../core/errors'

/** The host is wrong, or no server listens there. */
const wrongHost = /^(ENOTFOUND|EAI_(?!AGAIN)|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)/
/** The server is not the expected one, or speaks no TLS. */
const wrongTls = /^(CERT_|ERR_TLS|ERR_SSL|EPROTO|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/

/** Whether the host may be wrong: nothing has answered there, and not only the connection broke. */
const isAboutHost = (code: string): boolean => isWrongHost(code) || /^(ETIMEDOUT|EAI_AGAIN)$/.test(code)

/** Tells by the code of a failed connection whether it fails until an operator acts: a wrong host, or wrong TLS. */
export const isWrongHost = (code: string): boolean => wrongHost.test(code) || wrongTls.test(code)

/** The code of a failed connection, such as `ECONNRESET`, wherever the library put it; undefined for other failures. */
export function connectionCode(thrown: unknown): string | undefined {
  for (let error: unknown = thrown, depth = 0; isObject(error) && depth < 4; depth++) {
    const inner: unknown = error instanceof AggregateError ? error.errors[0] : error
    if (isObject(inner) && 'code' in inner && typeof inner.code === 'string') return inner.code
    error = 'cause' in error ? error.cause : undefined
  }
  return undefined
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Whether the other side closed the connection; on a reused connection, while it was idle. */
export const isReset = (thrown: unknown): boolean => /^(ECONNRESET|EPIPE)$/.test(connectionCode(thrown) ?? '')

/**
 * What went wrong with a connection, as an error of the app: by Node's code only, never by its message, which can hold
 * the URL or a header.
 * @param upstream its name in errors, upper case: `AEM`
 * @param input the input that names the host, such as `IMS_URL`
 */
export function networkError(upstream: string, thrown: unknown, input?: string): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const code = connectionCode(thrown) ?? 'unknown network error'
  if (code === 'ERR_INVALID_CHAR') {
    return systemicError(
      'INPUT_INVALID',
      `${upstream} cannot be called: an input or token that goes into a header holds a character that no header may hold`,
      { upstream },
    )
  }
  const advice = input !== undefined && isAboutHost(code) ? `; check ${input}` : ''
  return transientError(`${upstream}_UNREACHABLE`, `${upstream} cannot be reached: ${code}${advice}`, {
    upstream,
    connection: code,
  })
}
