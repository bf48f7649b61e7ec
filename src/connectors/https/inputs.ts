import { permanentError, systemicError } from '../../core/errors'
import { shown } from '../../core/shown'
import { parseServiceUrl } from '../../http/origin'
import type { DestinationContext } from '../../plugin/destination'

/** How an endpoint is reached, checked. */
export type HttpsSettings = {
  method: 'PUT' | 'POST'
  /** @throws {BridgeError} permanent, `KEY_REFUSED`, when no URL can stand for the key */
  urlFor(key: string): URL
  /** With every request, by lower-case name. */
  headers: Readonly<Record<string, string>>
  /** For signatures; undefined when requests are not signed. */
  secret: string | undefined
  /** The header that tells the version in an answer to HEAD, in lower case; undefined when HEAD is not asked. */
  versionHeader: string | undefined
}

const placeholder = '{key}'
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\x20-\x7e]*$/
/** These say how the body is sent, or are signed. */
const ownHeaders =
  /^(content-length|content-type|transfer-encoding|connection|host|expect|idempotency-key|if-|x-source-|x-bridge-)/

/**
 * Reads the inputs of an HTTPS destination.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input and what to set
 */
export function readHttpsSettings(context: DestinationContext): HttpsSettings {
  const template = context.requireInput(
    'HTTPS_URL',
    'set it to where files go, such as https://files.example.com/in/{key}',
  )
  const method = (context.input('HTTPS_METHOD') ?? 'PUT').toUpperCase()
  if (method !== 'PUT' && method !== 'POST') throw invalid('HTTPS_METHOD', 'must be PUT or POST')
  const head = context.input('HTTPS_HEAD') ?? 'off'
  if (!headerName.test(head)) throw invalid('HTTPS_HEAD', 'must be off, or the name of a header')
  const versionHeader = head.toLowerCase() === 'off' ? undefined : head.toLowerCase()
  if (!template.includes(placeholder) && (method === 'PUT' || versionHeader !== undefined)) {
    throw invalid('HTTPS_URL', 'must contain {key}; only a POST without HTTPS_HEAD can do without')
  }
  const sample = parseServiceUrl(template.replaceAll(placeholder, 'x'))
  if ('refused' in sample) throw invalid('HTTPS_URL', sample.refused)
  if (sample.origin !== originOf(template.replaceAll(placeholder, 'y'))) {
    throw invalid('HTTPS_URL', 'must have {key} in the path or the query')
  }
  const secret = context.input('HTTPS_SECRET')
  context.redactor.add(secret)
  return {
    method,
    urlFor: (key) => fill(template, key),
    headers: { ...readHeaders(context), ...readAuthorization(context) },
    secret,
    versionHeader,
  }
}

const originOf = (text: string): string | undefined => (URL.canParse(text) ? new URL(text).origin : undefined)

function fill(template: string, key: string): URL {
  const segments = key.split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw permanentError('KEY_REFUSED', `${shown(key, 200)} cannot be part of a URL`)
  }
  const query = template.includes('?') ? template.indexOf('?') : template.length
  return new URL(
    template.slice(0, query).replaceAll(placeholder, () => segments.map(encode).join('/')) +
      template.slice(query).replaceAll(placeholder, () => encode(key)),
  )
}

/** Everything but the unreserved characters of RFC 3986, so that both sides see one spelling. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)

function readAuthorization(context: DestinationContext): Record<string, string> {
  const value = context.input('HTTPS_AUTH')
  if (value === undefined) return {}
  const [, scheme, credentials] = /^(bearer|basic)\s+(\S.*)$/i.exec(value) ?? []
  if (scheme === undefined || credentials === undefined || !/^[\x20-\x7e]+$/.test(credentials)) {
    throw invalid('HTTPS_AUTH', 'must be `Bearer <token>` or `Basic <user>:<password>`')
  }
  const plain = scheme.toLowerCase() === 'basic' && credentials.includes(':')
  const sent = plain ? Buffer.from(credentials).toString('base64') : credentials
  context.redactor.add(sent)
  context.redactor.add(credentials)
  if (plain) context.redactor.add(credentials.slice(credentials.indexOf(':') + 1))
  return { authorization: `${scheme.toLowerCase() === 'basic' ? 'Basic' : 'Bearer'} ${sent}` }
}

function readHeaders(context: DestinationContext): Record<string, string> {
  const headers: Record<string, string> = {}
  // A line of .env keeps `\n` as two characters.
  for (const line of (context.input('HTTPS_HEADERS') ?? '').split(/\r?\n|\\n|;\s*(?=[\w-]+:)/)) {
    if (line.trim() === '') continue
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (!headerName.test(name) || !headerValue.test(value)) {
      throw invalid('HTTPS_HEADERS', 'must be `Name: value`, several separated by semicolons or line breaks')
    }
    if (ownHeaders.test(name)) throw invalid('HTTPS_HEADERS', `must not set ${name}: the app does`)
    headers[name] = value
    if (mayBeSecret(name, value)) context.redactor.add(value)
  }
  return headers
}

/** A plain word would be masked wherever it stands, in paths too. */
const mayBeSecret = (name: string, value: string): boolean =>
  value.length >= 6 && /auth|key|token|secret|cookie|sign|pass|credential/.test(name)

const invalid = (input: string, problem: string) => systemicError('INPUT_INVALID', `${input} ${problem}`)
