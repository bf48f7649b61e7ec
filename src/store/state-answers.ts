import { transientError } from '../core/errors'
import { reasonIn } from '../http/reason'

type Send = (url: string, options: Record<string, unknown>) => Promise<unknown>

/** What the library keeps in `fetchRetry`: all of its requests go through this. */
type Sender = { exponentialBackoff: Send }

/**
 * Has the library send nothing but to the State service, and take nothing but its answers. By itself it follows
 * redirects with the record in the body, takes a page that something between answers for success or for "not there", and
 * does not tell the reason of a refusal.
 * @param state the library's client; it is changed
 * @throws {Error} when the library is not built as it was
 */
export function guardAnswers(state: object): void {
  const sender: unknown = Reflect.get(state, 'fetchRetry')
  if (!isSender(sender)) throw new Error('aio-lib-state sends its requests another way')
  const send = sender.exponentialBackoff.bind(sender)
  sender.exponentialBackoff = async (url, options) => {
    const response = await send(url, { ...options, redirect: 'manual' })
    if (isOfState(response, url, options.method)) {
      if (response.status >= 400 && response.status !== 404) throw await refusalOf(response)
      return response
    }
    throw transientError(
      'STATE_UNAVAILABLE',
      'what answered is not the State service, but a page or a redirect: check what stands between this app and State',
      { upstream: 'STATE' },
    )
  }
}

const isSender = (value: unknown): value is Sender =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'exponentialBackoff') === 'function'

/** Of the statuses that the library makes something of by itself; its errors are told by their statuses. */
function isOfState(response: unknown, url: string, method: unknown): response is Answer {
  if (!isAnswer(response)) return false
  const { status, headers } = response
  if (status >= 300 && status < 400) return false
  const isTaken = (status >= 200 && status < 300) || status === 404
  if (!isTaken) return true
  if (/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(headers.get('content-type') ?? '')) return false
  const isValue = method === 'GET' && /\/data\/[^/]+$/.test(new URL(url).pathname)
  return status === 404 || !isValue || headers.get('x-key-expires-ms') !== null
}

type Answer = { status: number; headers: Pick<Headers, 'get'>; text(): Promise<string> }

const isAnswer = (value: unknown): value is Answer => {
  if (typeof value !== 'object' || value === null) return false
  const headers: unknown = Reflect.get(value, 'headers')
  return (
    typeof Reflect.get(value, 'status') === 'number' &&
    typeof Reflect.get(value, 'text') === 'function' &&
    typeof headers === 'object' &&
    headers !== null &&
    typeof Reflect.get(headers, 'get') === 'function'
  )
}

/** A refusal of the service, with the code that the library has for its status. */
export class StateRefusal extends Error {
  override readonly name = 'StateRefusal'
  readonly code: string
  /** Empty when the service gives none. */
  readonly reason: string

  constructor(status: number, reason: string) {
    super(`the State service answered ${status}`)
    this.code = codes[status] ?? 'ERROR_INTERNAL'
    this.reason = reason
  }
}

const codes: Readonly<Record<number, string>> = {
  401: 'ERROR_UNAUTHORIZED',
  403: 'ERROR_BAD_CREDENTIALS',
  413: 'ERROR_PAYLOAD_TOO_LARGE',
  429: 'ERROR_REQUEST_RATE_TOO_HIGH',
}

const refusalOf = async (answer: Answer): Promise<StateRefusal> =>
  new StateRefusal(answer.status, reasonIn(await answer.text().catch(() => '')))
