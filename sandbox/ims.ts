import { randomBytes } from 'node:crypto'
import type { MovableClock } from './clock'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from './server'

/** What the IMS stand-in knows. */
export type ImsOptions = {
  clock: MovableClock
  clientId: string
  /** Several while a secret is being rotated. */
  clientSecret: string | readonly string[]
  /** Scopes the credential may ask for. */
  scopes: readonly string[]
  /** Lifetime of a token in seconds; one day less a second, as IMS gives. */
  tokenSeconds?: number
  port?: number
}

/** The IMS stand-in: OAuth server-to-server tokens by `POST /ims/token/v3`. */
export type ImsStandIn = SandboxServer & {
  /** True for a token issued here, not expired by the clock, not revoked. */
  isValid(token: string): boolean
  /** Ends every token now. */
  revokeAll(): void
  tokensIssued(): number
}

const oauthError = (error: string, description: string): Answer =>
  json(400, { error, error_description: description })

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * Starts the stand-in. It answers as OAuth 2.0 (RFC 6749, 4.4 and 5.2) with IMS's lifetimes in seconds: form
 * bodies only, `invalid_client`, `unsupported_grant_type` and `invalid_scope` with status 400.
 */
export const startIms = async (options: ImsOptions): Promise<ImsStandIn> => {
  const { clock, clientId, tokenSeconds = 86_399 } = options
  const secrets = typeof options.clientSecret === 'string' ? [options.clientSecret] : options.clientSecret
  const expiries = new Map<string, number>()
  let issued = 0

  const issue = (scope: string): string => {
    issued += 1
    const claims = {
      id: `${clock.now()}_${randomBytes(8).toString('hex')}`,
      type: 'access_token',
      client_id: clientId,
      // The technical account, as AEM names it as the user of its writes.
      user_id: `${clientId}@techacct.adobe.com`,
      scope,
      created_at: `${clock.now()}`,
      expires_in: `${tokenSeconds * 1000}`,
    }
    const header = base64url({ alg: 'RS256', typ: 'JWT' })
    const token = `${header}.${base64url(claims)}.${randomBytes(64).toString('base64url')}`
    expiries.set(token, clock.now() + tokenSeconds * 1000)
    return token
  }

  const handle = (request: RecordedRequest): Answer => {
    if (request.path !== '/ims/token/v3') return json(404, { error: 'not_found' })
    if (request.method !== 'POST') return json(405, { error: 'method_not_allowed' }, { allow: 'POST' })
    const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
    if (type !== 'application/x-www-form-urlencoded') {
      return oauthError('invalid_request', `Unsupported content type: ${type || 'none'}`)
    }
    const form = new URLSearchParams(request.body)
    const grant = form.get('grant_type')
    if (grant === null) return oauthError('invalid_request', 'grant_type is missing')
    if (grant !== 'client_credentials')
      return oauthError('unsupported_grant_type', 'grant_type is not supported')
    if (form.get('client_id') !== clientId) return oauthError('invalid_client', 'invalid client_id parameter')
    if (!secrets.includes(form.get('client_secret') ?? '')) {
      return oauthError('invalid_client', 'invalid client_secret parameter')
    }
    const scope = form.get('scope') ?? ''
    const asked = scope.split(/[\s,]+/).filter((it) => it !== '')
    if (asked.length === 0 || asked.some((it) => !options.scopes.includes(it))) {
      return oauthError('invalid_scope', `invalid scope parameter: ${scope || 'none'}`)
    }
    const body = { access_token: issue(scope), token_type: 'bearer', expires_in: tokenSeconds }
    return json(200, body, { 'cache-control': 'no-store' })
  }

  const server = await startServer({ clock, handle, port: options.port ?? 0 })
  return {
    ...server,
    isValid: (token) => (expiries.get(token) ?? Number.NEGATIVE_INFINITY) > clock.now(),
    revokeAll: () => expiries.clear(),
    tokensIssued: () => issued,
  }
}
