import { isJsonObject, type JsonValue } from '../json'
import type { Activation } from './activation'

/** What the HTTP side of an activation says. */
export type HttpAnswer = { status: number; body: JsonValue | undefined }

/**
 * The HTTP answer that OpenWhisk makes of an activation (WebActions.scala, completeRequest). Its traps are
 * kept: a result without `statusCode` and `body`, so also a rejected promise, is an empty 204; a crash is a
 * 400.
 */
export const httpAnswer = ({ kind, result, error }: Activation): HttpAnswer => {
  if (kind === 'developer error') return { status: 400, body: 'There was an error processing your request.' }
  const answer = kind === 'success' ? result : error
  if (!isJsonObject(answer)) return { status: 400, body: "Response is not valid 'message/http'." }
  const { statusCode, body } = answer
  const status = Number(statusCode ?? (body === undefined ? 204 : 200))
  if (Number.isInteger(status) && status >= 100 && status <= 599) return { status, body }
  return { status: 400, body: "Response is not valid 'message/http'." }
}
