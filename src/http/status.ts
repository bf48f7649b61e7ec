/** The server errors that do not pass: Not Implemented, HTTP Version Not Supported. */
const unsupported: readonly number[] = [501, 505]

/** The client errors that may pass: Request Timeout, Too Early, Too Many Requests. */
const ofTheMoment: readonly number[] = [408, 425, 429]

/**
 * Whether a retry of the same request may succeed: after 408, 425, 429, and 5xx but 501 and 505. This is the only
 * such list of the app. A status that may pass for one system only, such as 404 or 409, belongs to the predicate of
 * its connector.
 */
export const mayPassStatus = (status: number): boolean =>
  ofTheMoment.includes(status) || (status >= 500 && status < 600 && !isUnsupported(status))

/** Whether the server has enough for now: Too Many Requests, or Service Unavailable when it tells how long. */
export const takesNoMore = (status: number, hasRetryAfter: boolean): boolean =>
  status === 429 || (status === 503 && hasRetryAfter)

/** Whether the server does not support the request at all: this is never retried. */
export const isUnsupported = (status: number): boolean => unsupported.includes(status)
