/** What a server cannot do, it cannot do in a moment either: Not Implemented, HTTP Version Not Supported. */
const unsupported: readonly number[] = [501, 505]

/** Of the client's errors, those about the moment: Request Timeout, Too Early, Too Many Requests. */
const ofTheMoment: readonly number[] = [408, 425, 429]

/**
 * Tells whether the same request may be answered otherwise in a moment: 408, 425, 429, and 5xx but 501 and 505. The one
 * list of the app. A status that may pass for one system only, such as 404 or 409, is that connector's own business.
 */
export const mayPassStatus = (status: number): boolean =>
  ofTheMoment.includes(status) || (status >= 500 && status < 600 && !isUnsupported(status))

/** Tells whether the server says that it does not support the request at all: nobody repeats that. */
export const isUnsupported = (status: number): boolean => unsupported.includes(status)
