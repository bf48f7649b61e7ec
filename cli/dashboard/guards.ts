import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Why a request gets no answer of its own. */
export type Refusal = { status: number; code: string; message: string }

/** What is looked at before anything else is done. */
export type Guarded = {
  method?: string | undefined
  url?: string | undefined
  headers: IncomingHttpHeaders
}

/** Where the dashboard is: `127.0.0.1:<port>`, and the secret that its address begins with. */
export type Place = { authority: string; token: string }

/**
 * Lets a request in that names this server, comes from its own page, and knows its token.
 * @returns what it asks for, behind the token, as sent; or why it is refused
 */
export function admit({ method, url = '', headers }: Guarded, place: Place): { route: string } | Refusal {
  const own = `http://${place.authority}`
  // Another name for this address is how a page of another site would read the answer (DNS rebinding).
  if (headers.host !== place.authority) return refused('HOST_REFUSED', `this is ${own} and no other host`)
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && origin !== own) return refused('ORIGIN_REFUSED', 'another origin asks')
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return refused('ORIGIN_REFUSED', 'a page of another site asks: type the address, or copy it')
  const [, token = '', route = ''] = /^\/([^/?#]*)\/(.*)$/s.exec(url) ?? []
  if (!timingSafeEqual(hash(token), hash(place.token)))
    return refused('TOKEN_REFUSED', 'the address lacks its token: npx bridge dashboard prints it whole')
  if (method === 'POST') {
    if (origin === undefined) return refused('ORIGIN_REFUSED', 'a change needs the header Origin')
    const [type = ''] = (headers['content-type'] ?? '').split(';')
    // A form of another page cannot send it.
    if (type.trim().toLowerCase() !== 'application/json')
      return { status: 415, code: 'TYPE_REFUSED', message: 'a change is sent as application/json' }
  } else if (method !== 'GET') {
    return { status: 405, code: 'METHOD_REFUSED', message: 'GET reads, and POST changes' }
  }
  return { route }
}

const refused = (code: string, message: string): Refusal => ({ status: 403, code, message })

const hash = (text: string): Buffer => createHash('sha256').update(text).digest()

/** On every answer: the page runs its own files alone, builds no markup from text, and stands in no frame. */
export const usualHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // The address is a secret.
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}
