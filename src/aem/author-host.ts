import { permanentError } from '../core/errors'
import { shown } from '../core/shown'

/** The origins that may receive the token, looked up by the host an event names. */
export type AuthorHosts = {
  /** All of them, the default one first. */
  origins: readonly string[]
  /**
   * The origin for a host as an event names it; the default origin when it names none.
   * @param by what names it, for the message @default 'the event'
   * @throws {BridgeError} permanent, `HOST_NOT_ALLOWED`
   */
  resolve(host: unknown, by?: string): string
}

const defaultPort: Record<string, string> = { 'https:': ':443', 'http:': ':80' }

/**
 * Allow-lists author origins. The host of an event is compared as text with the configured ones and is
 * never parsed as a URL, so user info, other notations of an address, or a trailing dot cannot pass for one of them.
 * @param origins as the operator configured them, at least one
 */
export function createAuthorHosts(origins: readonly [string, ...string[]]): AuthorHosts {
  const byHost = new Map<string, string>()
  for (const origin of origins) {
    const url = new URL(origin)
    byHost.set(url.host, origin)
    if (url.port === '') byHost.set(`${url.host}${defaultPort[url.protocol] ?? ''}`, origin)
  }

  return {
    origins,
    resolve(host, by = 'the event') {
      if (host === undefined || host === null) return origins[0]
      const origin = typeof host === 'string' ? byHost.get(host.toLowerCase()) : undefined
      if (origin !== undefined) return origin
      throw permanentError(
        'HOST_NOT_ALLOWED',
        `${by} names the host ${shown(host)}, which is not one of AEM_AUTHOR_URLS; nothing was sent to it`,
      )
    },
  }
}
