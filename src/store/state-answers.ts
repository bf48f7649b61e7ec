import { transientError } from '../core/errors'

type Send = (url: string, options: Record<string, unknown>) => Promise<unknown>

/** What the library keeps in `fetchRetry`: all of its requests go through this. */
type Sender = { exponentialBackoff: Send }

/**
 * Has the library send nothing but to the State service, and take nothing but its answers. By itself it follows
 * redirects with the record in the body, and takes a page that something between answers for success or for "not there".
 * @param state the library's client; it is changed
 * @throws {Error} when the library is not built as it was
 */
export function guardAnswers(state: object): void {
  const sender: unknown = Reflect.get(state, 'fetchRetry')
  if (!isSender(sender)) throw new Error('aio-lib-state sends its requests another way')
  const send = sender.exponentialBackoff.bind(sender)
  sender.exponentialBackoff = async (url, options) => {
    const response = await send(url, { ...options, redirect: 'manual' })
    if (isOfState(response, url, options.method)) return response
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
function isOfState(response: unknown, url: string, method: unknown): boolean {
  if (!isAnswer(response)) return false
  const { status, headers } = response
  if (status >= 300 && status < 400) return false
  const isTaken = (status >= 200 && status < 300) || status === 404
  if (!isTaken) return true
  if (/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(headers.get('content-type') ?? '')) return false
  const isValue = method === 'GET' && /\/data\/[^/]+$/.test(new URL(url).pathname)
  return status === 404 || !isValue || headers.get('x-key-expires-ms') !== null
}

type Answer = { status: number; headers: Pick<Headers, 'get'> }

const isAnswer = (value: unknown): value is Answer => {
  if (typeof value !== 'object' || value === null) return false
  const headers: unknown = Reflect.get(value, 'headers')
  return (
    typeof Reflect.get(value, 'status') === 'number' &&
    typeof headers === 'object' &&
    headers !== null &&
    typeof Reflect.get(headers, 'get') === 'function'
  )
}
