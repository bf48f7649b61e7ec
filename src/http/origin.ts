const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Why a text is not accepted as an origin. */
export type OriginRefusal = { refused: string }

/** Tells whether a URL points at this machine. */
export const isLoopback = (url: URL): boolean => loopbackHosts.has(url.hostname)

const withoutScheme: OriginRefusal = { refused: 'must begin with https:// (http:// is for loopback only)' }

/**
 * Reads the URL of a service the operator configured: https, or http on loopback only; no user info, no fragment.
 * @returns the URL, or why it is refused
 */
export function parseServiceUrl(text: string): URL | OriginRefusal {
  if (!URL.canParse(text)) return /^https?:\/\//i.test(text) ? { refused: 'is not a URL' } : withoutScheme
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) return withoutScheme
  if (url.username !== '' || url.password !== '') return { refused: 'must not carry a user name or password' }
  if (url.hash !== '') return { refused: 'must not carry a fragment (#...)' }
  if (url.hostname.includes('*')) return { refused: 'must name one host: there are no wildcards' }
  if (url.hostname.endsWith('.')) return { refused: 'must not end with a dot' }
  return url
}

/** Reads an origin: a service URL with nothing behind the host and port. */
export function parseOrigin(text: string): string | OriginRefusal {
  const url = parseServiceUrl(text)
  if ('refused' in url) return url
  if (url.pathname !== '/' || url.search !== '') return { refused: 'must end after the host name' }
  return url.origin
}
