import type { DestinationContext } from '../../plugin/destination'
import { declareInputs, type Parsed, readServiceUrl, text, valuesOf } from '../../plugin/inputs'

/** The inputs of a Marketo destination, behind their prefix. */
export const marketoInputs = declareInputs({
  URL: {
    meaning: 'The URL of the instance.',
    required: true,
    example: 'https://123-ABC-456.mktorest.com',
    shape: instance,
  },
  CLIENT_ID: {
    meaning:
      "The client id of the API-only user's LaunchPoint service: Admin > Integration > LaunchPoint > View Details shows it.",
    required: true,
    shape: text,
    // The value is part of a URL, and URLs appear in messages.
    secret: true,
  },
  CLIENT_SECRET: {
    meaning:
      'The client secret of the same service: Admin > Integration > LaunchPoint > View Details shows it.',
    required: true,
    shape: text,
    secret: true,
  },
  FOLDER_ID: {
    meaning: 'The number of a folder in Design Studio: the first number behind the # in its address.',
    required: true,
    shape: count,
  },
  MAX_BYTES: {
    meaning: 'The largest request, in bytes.',
    // What Marketo documents as the largest payload of a call.
    default: '1048576',
    shape: count,
  },
})

/** How a Marketo instance is reached, checked. */
export type MarketoSettings = {
  /** `https://123-ABC-456.mktorest.com`, no slash at the end. The only place that gets secret or token. */
  origin: string
  clientId: string
  clientSecret: string
  folderId: number
  /** The largest request, in bytes. */
  maxBytes: number
  /** Prefix of the inputs, for errors. */
  inputs: string
}

/**
 * Reads the inputs of a Marketo destination. What is secret is made known.
 * @param inputs their prefix
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong and what to set
 */
export function readMarketoSettings(context: DestinationContext, inputs: string): MarketoSettings {
  const values = valuesOf(marketoInputs, context, { prefix: inputs })
  return {
    origin: values.URL,
    clientId: values.CLIENT_ID,
    clientSecret: values.CLIENT_SECRET,
    folderId: values.FOLDER_ID,
    maxBytes: values.MAX_BYTES,
    inputs,
  }
}

/** Marketo shows two addresses, one of them with `/rest` behind and one with `/identity`; either will do. */
function instance(text: string): Parsed<string> {
  const url = readServiceUrl(text)
  if ('problem' in url) return url
  const { pathname, search, origin } = url.value
  return /^\/(rest\/?|identity\/?)?$/.test(pathname) && search === ''
    ? { value: origin }
    : { problem: 'must end after the host name, such as https://123-ABC-456.mktorest.com' }
}

function count(text: string): Parsed<number> {
  const value = Number(text)
  return /^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)
    ? { value }
    : { problem: 'must be a whole number above 0' }
}
