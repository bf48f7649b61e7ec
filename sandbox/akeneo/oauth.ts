import { randomBytes } from 'node:crypto'
import type { MovableClock } from '../clock'
import { isJsonObject, parseJson } from '../json'
import { type Answer, json, type RecordedRequest } from '../server'
import { refused } from './refusal'

/** A connection of the PIM's: client, secret, user and password. */
export type AkeneoCredentials = { clientId: string; clientSecret: string; username: string; password: string }

/** The token endpoint and what it has given out. */
export type OAuth = {
  /** May be changed at any time: the next grant is judged by it. */
  credentials: AkeneoCredentials
  /** `POST /api/oauth/v1/token`. */
  answer(request: RecordedRequest): Answer
  /** Why a bearer token is refused; undefined when it is good. */
  refusal(authorization: string | undefined): string | undefined
  /** Access tokens are good no longer; refresh tokens are. */
  revokeAccess(): void
  /** Neither is good any longer. */
  revokeAll(): void
  /** Grants so far, in order. */
  grants: ('password' | 'refresh_token')[]
}

const refreshSeconds = 1_209_600
const badClient = 'Parameter "client_id" is missing or does not match any client, or secret is invalid'

const types = ['application/json', 'application/x-www-form-urlencoded']

/** The fields of a body of either type; undefined when it is no JSON object. */
const readBody = (type: string, body: string): Record<string, unknown> | undefined => {
  if (type !== 'application/json') return Object.fromEntries(new URLSearchParams(body))
  const value = parseJson(body)
  return isJsonObject(value) ? value : undefined
}

/** A token endpoint with one connection, and one App whose token never expires. */
export const createOAuth = (options: {
  clock: MovableClock
  credentials: AkeneoCredentials
  appToken: string
  /** Life of an access token. */
  tokenSeconds: number
}): OAuth => {
  const { clock, tokenSeconds } = options
  const access = new Map<string, number>()
  const refresh = new Map<string, number>()
  let app: string | undefined = options.appToken
  const grants: OAuth['grants'] = []

  const issue = (grant: 'password' | 'refresh_token'): Answer => {
    grants.push(grant)
    const token = randomBytes(43).toString('base64url')
    const refreshToken = randomBytes(43).toString('base64url')
    access.set(token, clock.now() + tokenSeconds * 1000)
    refresh.set(refreshToken, clock.now() + refreshSeconds * 1000)
    return json(200, {
      access_token: token,
      expires_in: tokenSeconds,
      token_type: 'bearer',
      scope: null,
      refresh_token: refreshToken,
    })
  }

  const password = (fields: Record<string, unknown>): Answer => {
    const { username, password: given } = fields
    if (typeof username !== 'string' || typeof given !== 'string' || username === '' || given === '') {
      return refused(422, 'Parameter "grant_type", "username" or "password" is missing, empty or invalid')
    }
    const { credentials } = it
    if (username !== credentials.username || given !== credentials.password) {
      return refused(422, 'No user found for the given username and password')
    }
    return issue('password')
  }

  const renew = (fields: Record<string, unknown>): Answer => {
    const given = fields.refresh_token
    if (typeof given !== 'string' || given === '') {
      return refused(422, 'Parameter "grant_type" or "refresh_token" is missing or empty')
    }
    const expires = refresh.get(given)
    // A refresh token is good for one use.
    refresh.delete(given)
    if (expires === undefined) return refused(422, 'Refresh token is invalid')
    if (expires <= clock.now()) return refused(422, 'Refresh token has expired')
    return issue('refresh_token')
  }

  const it: OAuth = {
    credentials: options.credentials,
    grants,
    answer: (request) => {
      if (request.method !== 'POST') return refused(405, 'Method Not Allowed', { allow: 'POST' })
      const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
      if (!types.includes(type)) {
        return refused(
          415,
          `The “${type}” content type is not supported. You must use “${types.join('” or “')}”.`,
        )
      }
      const fields = readBody(type, request.body)
      if (fields === undefined) return refused(400, 'Invalid json message received')
      const { clientId, clientSecret } = it.credentials
      const expected = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
      if (request.headers.authorization !== expected) return refused(422, badClient)
      if (fields.grant_type === 'password') return password(fields)
      if (fields.grant_type === 'refresh_token') return renew(fields)
      return refused(422, 'Parameter "grant_type", "username" or "password" is missing, empty or invalid')
    },
    refusal: (authorization) => {
      const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1]
      if (token === undefined) return 'Authentication is required'
      if (token === app) return undefined
      const expires = access.get(token)
      if (expires === undefined) return 'The access token provided is invalid.'
      return expires <= clock.now() ? 'The access token provided has expired.' : undefined
    },
    revokeAccess: () => access.clear(),
    revokeAll: () => {
      access.clear()
      refresh.clear()
      app = undefined
    },
  }
  return it
}
