import { systemicError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import { shown } from '../../core/shown'
import { parseOrigin } from '../../http/origin'

/** What inputs are read from: of a communicator, or of a destination. */
export type InputContext = {
  redactor: Redactor
  input(name: string): string | undefined
  requireInput(name: string, hint: string): string
}

/** How tokens are come by: of a connection by user and password, or one of an App that never expires. */
export type AkeneoCredentials =
  | { kind: 'connection'; clientId: string; clientSecret: string; username: string; password: string }
  | { kind: 'app'; token: string }

/** What of a product becomes an attribute, besides the catalogue's own attributes; only on request. */
export const productFields = [
  'family',
  'parent',
  'categories',
  'groups',
  'enabled',
  'associations',
  'quantified_associations',
] as const
export type ProductField = (typeof productFields)[number]

/** Where a PIM is, and who calls it. */
export type AkeneoConnection = { origin: string; credentials: AkeneoCredentials }

/** The inputs of the `akeneo` communicator, checked. */
export type AkeneoSettings = AkeneoConnection & {
  /** Code of the identifier attribute. */
  identifier: string
  /** Codes of the attributes to fetch; undefined for all. */
  attributes: readonly string[] | undefined
  fields: readonly ProductField[]
  /** Wanted locales, best first; empty for all. */
  locales: readonly string[]
  /** Wanted channels, best first; empty for the first one that Akeneo lists. */
  channels: readonly string[]
}

const attributeCode = /^[a-zA-Z0-9_]+$/
const localeCode = /^[a-zA-Z]{2,3}(_[a-zA-Z0-9]+)*$/

function invalid(input: string, problem: string): Error {
  return systemicError('INPUT_INVALID', `${input} ${problem}`)
}

/**
 * Reads the inputs of the connection.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input and what to set
 */
export function readAkeneoConnection(context: InputContext): AkeneoConnection {
  const origin = parseOrigin(
    context.requireInput(
      'AKENEO_URL',
      'set it to the origin of your PIM, such as https://demo.cloud.akeneo.com',
    ),
  )
  if (typeof origin !== 'string') throw invalid('AKENEO_URL', origin.refused)
  return { origin, credentials: readCredentials(context) }
}

/**
 * Reads the inputs of the connection, and of what is fetched and mapped.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input and what to set
 */
export function readAkeneoSettings(context: InputContext): AkeneoSettings {
  const connection = readAkeneoConnection(context)
  const named = namesOf(context, 'AKENEO_ATTRIBUTES', /^([a-zA-Z0-9_]+|\*)$/, 'attribute codes')
  const isField = (name: string): name is ProductField => productFields.some((field) => field === name)
  const attributes = named.filter((name) => !isField(name) && name !== '*')
  const isEvery = named.length === 0 || named.includes('*')
  const identifier = context.input('AKENEO_IDENTIFIER') ?? 'sku'
  if (!attributeCode.test(identifier)) {
    throw invalid('AKENEO_IDENTIFIER', 'must be the code of the identifier attribute, such as sku')
  }
  return {
    ...connection,
    identifier,
    attributes: isEvery ? undefined : attributes,
    fields: named.filter(isField),
    locales: namesOf(context, 'AKENEO_LOCALES', localeCode, 'locale codes such as en_US'),
    channels: namesOf(context, 'AKENEO_CHANNEL', attributeCode, 'channel codes such as ecommerce'),
  }
}

/** Names separated by commas or blanks, each once. */
function namesOf(context: InputContext, input: string, pattern: RegExp, what: string): string[] {
  const names = (context.input(input) ?? '').split(/[\s,]+/).filter((name) => name !== '')
  const wrong = names.find((name) => !pattern.test(name))
  if (wrong !== undefined) {
    throw invalid(input, `must be ${what}, separated by commas; ${shown(wrong)} is none`)
  }
  return [...new Set(names)]
}

function readCredentials(context: InputContext): AkeneoCredentials {
  const token = context.input('AKENEO_TOKEN')
  if (token !== undefined) {
    context.redactor.add(token)
    return { kind: 'app', token }
  }
  const required = (input: string): string =>
    context.requireInput(
      input,
      'set it to that of your connection in Akeneo (Connect > Connection settings), or set AKENEO_TOKEN to the token of an App',
    )
  const credentials = {
    kind: 'connection' as const,
    clientId: required('AKENEO_CLIENT_ID'),
    clientSecret: required('AKENEO_CLIENT_SECRET'),
    username: required('AKENEO_USERNAME'),
    password: required('AKENEO_PASSWORD'),
  }
  context.redactor.add(credentials.clientSecret)
  context.redactor.add(credentials.password)
  return credentials
}
