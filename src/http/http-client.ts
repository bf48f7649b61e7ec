import pLimit from 'p-limit'
import { startAttempt } from '../core/attempt'
import { type CallContext, untilAborted } from '../core/call-context'
import { type Clock, systemClock, systemRandom } from '../core/clock'
import { type BridgeError, permanentError, transientError } from '../core/errors'
import { createRedactor, isSecretName } from '../core/redaction'
import type { Backoff } from './backoff'
import { AnswerTooLarge, createWatchedAgents, exchange, type HttpRequest } from './exchange'
import { networkError as networkErrorOf } from './network-error'
import { saying } from './reason'
import type { HttpResponse } from './response'
import { type RetryRules, retry, timeLimit } from './retry'
import { parseRetryAfter } from './retry-after'
import { mayPassStatus } from './status'

/** Does work as soon as fewer than the allowed number are running, first come first served. */
export type ConcurrencyLimit = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Sends a request when it may be sent, first come first served.
 * @param kind of the request: its method and the first part of its path
 */
export type RequestLimit = <Answer extends Pick<HttpResponse, 'status' | 'headers'>>(
  send: () => Promise<Answer>,
  kind: string,
) => Promise<Answer>

/** How one upstream is talked to. */
export type UpstreamOptions = {
  /** In errors and logs, upper case: `AEM`. */
  name: string
  /** The input that names its host, such as `IMS_URL`, for the message when nothing answers there. @default none */
  input?: string
  /** Requests to any other origin are refused before anything is sent. */
  origins: readonly string[]
  /** Requests at once from this container. */
  concurrency: number
  /** A limit that is shared with others who call the same system; it comes on top. */
  shared?: RequestLimit
  /** For one attempt, the body included. @default 10000 */
  attemptTimeoutMs?: number
  /** The first one included. @default 4 */
  maxAttempts?: number
  /** Larger answers are refused. @default 8 MiB */
  maxBodyBytes?: number
  /** @default 300 ms, doubling, up to 8 s */
  backoff?: Backoff
}

export type { HttpRequest }

/** One upstream with its own concurrency and rules. */
export type Upstream = {
  /**
   * Sends a request and reads the whole answer. Connections that break, cut answers, 408, 425, 429 and 5xx but 501 and
   * 505 are tried again with full jitter, not before Retry-After, and never beyond the deadline of the call. Redirects
   * are not followed. Every request may be sent more than once: it reads, or carries If-Match.
   * @throws {BridgeError} transient when the upstream does not answer properly in time; permanent when the URL's
   * origin is not one of the upstream's, or the answer is too large
   */
  request(request: HttpRequest, call: CallContext): Promise<HttpResponse>
}

export type HttpClient = { upstream(options: UpstreamOptions): Upstream }

/** Creates the app's HTTP client: one per container, so that connections stay open between events. */
export function createHttpClient(parts: { clock?: Clock; random?: () => number } = {}): HttpClient {
  const { clock = systemClock, random = systemRandom } = parts
  const agents = createWatchedAgents()

  return { upstream: (options) => createUpstream(options) }

  function createUpstream(options: UpstreamOptions): Upstream {
    const { name, attemptTimeoutMs = 10_000, maxAttempts = 4, maxBodyBytes = 8 * 1024 * 1024 } = options
    const rules: RetryRules = {
      clock,
      random,
      attempts: maxAttempts,
      ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
      toError: networkError,
    }
    const origins = new Set(options.origins)
    const limit = pLimit(options.concurrency)
    const { shared = (send) => send() } = options

    return { request }

    async function request(request: HttpRequest, call: CallContext): Promise<HttpResponse> {
      const url = checkUrl(request.url)
      return retry(rules, call, (own, attempt) => attemptOnce(url, request, own, attempt))
    }

    function checkUrl(text: string): URL {
      const url = URL.canParse(text) ? new URL(text) : undefined
      // The origin of `blob:https://host/...` is that host, too.
      const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
      if (url && isWeb && origins.has(url.origin) && url.username === '' && url.password === '') return url
      throw permanentError(
        'HOST_NOT_ALLOWED',
        `${name} must not be called at ${url?.host || 'what is no URL'}`,
        {
          upstream: name,
        },
      )
    }

    async function attemptOnce(
      url: URL,
      request: HttpRequest,
      call: CallContext,
      attempt: number,
    ): Promise<HttpResponse> {
      const started = clock.now()
      // `path` is that of the asset in every line.
      const trace = { method: request.method, host: url.host, target: url.pathname, attempt }
      const sent = untilAborted(
        limit(() => shared(() => send(url, request, call), kindOf(url, request))),
        call.signal,
      )
      const response = await sent.catch((thrown: unknown) => {
        call.signal.throwIfAborted()
        const error = networkError(thrown)
        const ms = clock.now() - started
        call.logger.debug(`${name} did not answer`, { ...trace, error: error.message, ms })
        throw error
      })
      const { status } = response
      call.logger.debug(`${name} answered`, { ...trace, status, ms: clock.now() - started })
      if (status < 400) return response
      const masked = { ...response, text: withoutEcho(response.text, url, request) }
      if (mayPassStatus(status) && request.isFinal?.(masked) !== true) throw unavailable(masked)
      return masked
    }

    async function send(url: URL, request: HttpRequest, call: CallContext): Promise<HttpResponse> {
      call.signal.throwIfAborted()
      const attempt = startAttempt(call.signal, attemptTimeoutMs)
      try {
        let held = 0
        const onBytes = (bytes: number): void => {
          held += bytes
          call.memory?.take(bytes)
        }
        const response = await exchange(url, request, {
          agents,
          signal: attempt.signal,
          maxBodyBytes,
          onBytes,
        })
        // It becomes an error, of which a short reason stays.
        if (mayPassStatus(response.status)) call.memory?.take(-held)
        return response
      } catch (thrown) {
        attempt.cancel()
        if (attempt.timedOut() && !call.signal.aborted) {
          throw timeLimit(name, attemptTimeoutMs, options.input).timeIsUp()
        }
        throw call.signal.aborted ? thrown : networkError(thrown)
      } finally {
        attempt.release()
      }
    }

    function unavailable(response: HttpResponse): BridgeError {
      const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), clock.now())
      const what = response.status === 429 ? 'too many requests' : 'it is not available'
      return transientError(
        `${name}_UNAVAILABLE`,
        `${name} answered ${response.status}${saying(response.text)}: ${what}`,
        {
          upstream: name,
          status: response.status,
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        },
      )
    }

    function networkError(thrown: unknown): BridgeError {
      if (thrown instanceof AnswerTooLarge) {
        return permanentError(
          `${name}_ANSWER_TOO_LARGE`,
          `${name} answered more than ${maxBodyBytes} bytes`,
          { upstream: name },
        )
      }
      return networkErrorOf(name, thrown, options.input)
    }
  }
}

const kindOf = ({ pathname }: URL, { method }: HttpRequest): string => `${method} ${pathname.split('/')[1]}`

/** What an error answer repeats of the secrets in its request is masked: its reason is shown. */
function withoutEcho(text: string, url: URL, { headers = {} }: HttpRequest): string {
  const sent = [...url.searchParams, ...Object.entries(headers)]
  const secrets = sent.flatMap(([name, value]) =>
    isSecretName(name) ? [value, value.slice(value.indexOf(' ') + 1)] : [],
  )
  return createRedactor(secrets).text(text)
}
