import { permanentError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import { shown } from '../../core/shown'
import type { DestinationContext } from '../../plugin/destination'
import { declareInputs, inputError, type Parsed, readServiceUrl, text, valuesOf } from '../../plugin/inputs'

const placeholder = '{key}'
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\x20-\x7e]*$/
/** These say how the body is sent, or are signed. */
const ownHeaders =
  /^(content-length|content-type|transfer-encoding|connection|host|expect|idempotency-key|if-|x-source-|x-bridge-)/

/** The inputs of an HTTPS destination, behind their prefix. */
export const httpsInputs = declareInputs({
  URL: {
    meaning: 'The URL that a file goes to; `{key}` in its path or query stands for the key.',
    required: true,
    example: 'https://files.example.com/in/{key}',
    shape: template,
  },
  METHOD: {
    meaning: 'The method of a request: `PUT` with the file itself, or `POST` with a form.',
    default: 'PUT',
    shape: method,
  },
  HEAD: {
    meaning:
      'The name of the header in which an answer to HEAD tells the version, or `off` where HEAD is not to be asked.',
    default: 'off',
    shape: versionHeader,
  },
  SECRET: {
    meaning: 'The secret that each request is signed with (HMAC).',
    unset: 'requests are not signed',
    shape: text,
    secret: true,
    anyText: true,
  },
  AUTH: {
    meaning: 'The credentials of the endpoint: `Bearer <token>` or `Basic <user>:<password>`.',
    unset: 'none',
    shape: authorization,
    secret: true,
  },
  HEADERS: {
    meaning: 'Further headers as `Name: value`, several separated by semicolons or line breaks.',
    unset: 'none',
    shape: headers,
    secret: true,
  },
})

/** How an endpoint is reached, checked. */
export type HttpsSettings = {
  method: 'PUT' | 'POST'
  /** @throws {BridgeError} permanent, `KEY_REFUSED`, when no URL can stand for the key */
  urlFor(key: string): URL
  /** Whether the path ends with the key, so that it has folders: `https://dav.example.com/in/{key}`. */
  hasFolders: boolean
  /** With every request, by lower-case name. */
  headers: Readonly<Record<string, string>>
  /** For signatures; undefined when requests are not signed. */
  secret: string | undefined
  /** The header that tells the version in an answer to HEAD, in lower case; undefined when HEAD is not asked. */
  versionHeader: string | undefined
  /** Prefix of the inputs, for errors. */
  inputs: string
}

/**
 * Reads the inputs of an HTTPS destination. What is secret is made known.
 * @param inputs their prefix
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong and what to set
 */
export function readHttpsSettings(context: DestinationContext, inputs: string): HttpsSettings {
  const { redactor } = context
  const values = valuesOf(httpsInputs, context, { prefix: inputs })
  const { URL: template, METHOD: method, HEAD: versionHeader, AUTH: authorization } = values
  if (!template.includes(placeholder) && (method === 'PUT' || versionHeader !== undefined)) {
    throw inputError(`${inputs}_URL must contain {key}; only a POST without ${inputs}_HEAD can do without`)
  }
  for (const part of authorization?.secrets ?? []) redactor.add(part)
  const further = values.HEADERS ?? {}
  addSecretHeaders(further, redactor)
  return {
    method,
    urlFor: (key) => fill(template, key),
    hasFolders: method === 'PUT' && /^[^{?]*\{key\}(\?[^{]*)?$/.test(template),
    headers: { ...further, ...(authorization === undefined ? {} : { authorization: authorization.header }) },
    secret: values.SECRET,
    versionHeader,
    inputs,
  }
}

function template(text: string): Parsed<string> {
  const sample = readServiceUrl(text.replaceAll(placeholder, 'x'))
  if ('problem' in sample) return sample
  return sample.value.origin === originOf(text.replaceAll(placeholder, 'y'))
    ? { value: text }
    : { problem: 'must have {key} in the path or the query' }
}

function method(text: string): Parsed<'PUT' | 'POST'> {
  const method = text.toUpperCase()
  return method === 'PUT' || method === 'POST' ? { value: method } : { problem: 'must be PUT or POST' }
}

function versionHeader(text: string): Parsed<string | undefined> {
  if (!headerName.test(text)) return { problem: 'must be off, or the name of a header' }
  const name = text.toLowerCase()
  return { value: name === 'off' ? undefined : name }
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

function authorization(text: string): Parsed<{ header: string; secrets: readonly string[] }> {
  const [, scheme, credentials] = /^(bearer|basic)\s+(\S.*)$/i.exec(text) ?? []
  if (scheme === undefined || credentials === undefined || !/^[\x20-\x7e]+$/.test(credentials)) {
    return { problem: 'must be `Bearer <token>` or `Basic <user>:<password>`' }
  }
  const isBasic = scheme.toLowerCase() === 'basic'
  const plain = isBasic && credentials.includes(':')
  const sent = plain ? Buffer.from(credentials).toString('base64') : credentials
  const password = plain ? [credentials.slice(credentials.indexOf(':') + 1)] : []
  return {
    value: {
      header: `${isBasic ? 'Basic' : 'Bearer'} ${sent}`,
      secrets: [sent, credentials, ...password],
    },
  }
}

function headers(text: string): Parsed<Readonly<Record<string, string>>> {
  const headers: Record<string, string> = {}
  // A line of .env keeps `\n` as two characters.
  for (const line of text.split(/\r?\n|\\n|;\s*(?=[\w-]+:)/)) {
    if (line.trim() === '') continue
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (!headerName.test(name) || !headerValue.test(value)) {
      return { problem: 'must be `Name: value`, several separated by semicolons or line breaks' }
    }
    if (ownHeaders.test(name)) return { problem: `must not set ${name}: the app does` }
    headers[name] = value
  }
  return { value: headers }
}

/** A plain word would be masked wherever it appears, in paths too. */
function addSecretHeaders(headers: Readonly<Record<string, string>>, redactor: Redactor): void {
  for (const [name, value] of Object.entries(headers)) {
    const mayBeSecret = value.length >= 6 && /auth|key|token|secret|cookie|sign|pass|credential/.test(name)
    if (mayBeSecret) redactor.add(value)
  }
}
