import { randomBytes } from 'node:crypto'
import { type Answer, json } from '../server'
import { MAX_BYTES } from './activation'

/** An error as OpenWhisk words it (ErrorResponse.scala). */
export const failure = (status: number, error: string): Answer =>
  json(status, { code: randomBytes(16).toString('hex'), error })

/** What OpenWhisk refuses by itself, before any action runs. */
export const refused = {
  anonymous: () =>
    failure(401, 'The resource requires authentication, which was not supplied with the request'),
  wrongKey: () => failure(401, 'The supplied authentication is invalid.'),
  otherNamespace: () =>
    failure(403, 'The supplied authentication is not authorized to access this resource.'),
  absent: () => failure(404, 'The requested resource does not exist.'),
  method: (supported: readonly string[]) =>
    failure(405, `HTTP method not allowed, supported methods: ${supported.join(', ')}`),
  malformed: () => failure(400, 'The request content was malformed:\nJSON object expected'),
  final: () => failure(400, 'Request defines parameters that are not allowed (e.g., reserved properties).'),
  query: () => failure(400, 'The query parameter of the list is not valid.'),
  tooLarge: (bytes: number) => failure(413, `Request larger than allowed: ${bytes} > ${MAX_BYTES} bytes.`),
  tooMany: (count: number, allowed: number) =>
    failure(429, `Too many concurrent requests in flight (count: ${count}, allowed: ${allowed}).`),
}
