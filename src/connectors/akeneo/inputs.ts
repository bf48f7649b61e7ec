import {
  declareInputs,
  type InputSource,
  isSet,
  matching,
  names,
  origin,
  readBoth,
  text,
  valuesOf,
} from '../../plugin/inputs'

const attributeCode = /^[a-zA-Z0-9_]+$/
const localeCode = /^[a-zA-Z]{2,3}(_[a-zA-Z0-9]+)*$/

/** The inputs of a connection or an App, behind their prefix. */
export const connectionInputs = declareInputs({
  URL: {
    meaning: 'The origin of your PIM. Only it ever gets a token of Akeneo.',
    required: 'for everything of Akeneo',
    example: 'https://demo.cloud.akeneo.com',
    shape: origin,
  },
  CLIENT_ID: {
    meaning: 'The client id of your connection in Akeneo (Connect > Connection settings).',
    required: 'without the token of an App',
    shape: text,
  },
  CLIENT_SECRET: {
    meaning: 'The secret of the connection.',
    required: 'without the token of an App',
    shape: text,
    secret: true,
  },
  USERNAME: {
    meaning: 'The user name of the connection.',
    required: 'without the token of an App',
    shape: text,
  },
  PASSWORD: {
    meaning: 'The password of the connection.',
    required: 'without the token of an App',
    shape: text,
    secret: true,
    anyText: true,
  },
  TOKEN: {
    meaning: 'The token of an App, in place of the four of a connection. It wins over them.',
    unset: 'the connection',
    shape: text,
    secret: true,
  },
})

/** The inputs that choose what of the catalogue is fetched and mapped, behind the same prefix. */
export const selectionInputs = declareInputs({
  IDENTIFIER: {
    meaning: 'The code of the identifier attribute.',
    default: 'sku',
    shape: matching(attributeCode, 'must be the code of the identifier attribute, such as sku'),
  },
  ATTRIBUTES: {
    meaning: 'The codes of the attributes to fetch, separated by commas.',
    unset: 'all',
    shape: names(/^([a-zA-Z0-9_]+|\*)$/, 'attribute codes'),
  },
  LOCALES: {
    meaning: 'Locales, best first: the first one with a value wins. They are separated by commas.',
    unset: 'all of the channel',
    example: 'en_US,de_DE',
    shape: names(localeCode, 'locale codes such as en_US'),
  },
  CHANNEL: {
    meaning: 'The channel, or several, best first: the first one with a value wins.',
    unset: 'the first one that Akeneo lists',
    example: 'ecommerce',
    shape: names(attributeCode, 'channel codes such as ecommerce'),
  },
})

/** How tokens are obtained: for a connection by user and password; an App has one that never expires. */
export type AkeneoCredentials = (
  | { kind: 'connection'; clientId: string; clientSecret: string; username: string; password: string }
  | { kind: 'app'; token: string }
) & {
  /** Prefix of the inputs, for errors. */
  inputs: string
}

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
export type AkeneoConnection = {
  origin: string
  credentials: AkeneoCredentials
  /** Prefix of the inputs, for errors. */
  inputs: string
}

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

const four = ['CLIENT_ID', 'CLIENT_SECRET', 'USERNAME', 'PASSWORD'] as const

/**
 * Reads the inputs of the connection. What is secret is made known.
 * @param inputs their prefix
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong and what to set
 */
export const readAkeneoConnection = (source: InputSource, inputs: string): AkeneoConnection => {
  const { URL, TOKEN } = connectionInputs
  if (isSet(connectionInputs, 'TOKEN', source, inputs)) {
    const options = { prefix: inputs, required: ['URL', 'TOKEN'] as const }
    const { URL: origin, TOKEN: token } = valuesOf({ URL, TOKEN }, source, options)
    return { origin, credentials: { kind: 'app', token, inputs }, inputs }
  }
  const options = { prefix: inputs, required: ['URL', ...four] as const }
  const values = valuesOf(connectionInputs, source, options)
  return {
    origin: values.URL,
    credentials: {
      kind: 'connection',
      clientId: values.CLIENT_ID,
      clientSecret: values.CLIENT_SECRET,
      username: values.USERNAME,
      password: values.PASSWORD,
      inputs,
    },
    inputs,
  }
}

/**
 * Reads the inputs of the connection, and of what is fetched and mapped.
 * @param inputs their prefix
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong and what to set
 */
export function readAkeneoSettings(source: InputSource, inputs: string): AkeneoSettings {
  const [connection, selection] = readBoth(
    () => readAkeneoConnection(source, inputs),
    () => valuesOf(selectionInputs, source, { prefix: inputs }),
  )
  const named = selection.ATTRIBUTES ?? []
  const isField = (name: string): name is ProductField => productFields.some((field) => field === name)
  const attributes = named.filter((name) => !isField(name) && name !== '*')
  const isEvery = named.length === 0 || named.includes('*')
  return {
    ...connection,
    identifier: selection.IDENTIFIER,
    attributes: isEvery ? undefined : attributes,
    fields: named.filter(isField),
    locales: selection.LOCALES ?? [],
    channels: selection.CHANNEL ?? [],
  }
}
