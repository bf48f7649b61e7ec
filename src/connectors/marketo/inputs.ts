import { systemicError } from '../../core/errors'
import { parseServiceUrl } from '../../http/origin'
import type { DestinationContext } from '../../plugin/destination'

/** How a Marketo instance is reached, checked. */
export type MarketoSettings = {
  /** `https://123-ABC-456.mktorest.com`, no slash at the end. The only place that gets secret or token. */
  origin: string
  clientId: string
  clientSecret: string
  folderId: number
  /** The largest request, in bytes. */
  maxBytes: number
}

/** What Marketo documents as the largest payload of a call. */
const defaultMaxBytes = 1024 * 1024

/**
 * Reads the inputs of a Marketo destination.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input and what to set
 */
export function readMarketoSettings(context: DestinationContext): MarketoSettings {
  const hint = 'Admin > Integration > LaunchPoint > View Details shows it'
  const clientId = context.requireInput('MARKETO_CLIENT_ID', hint)
  const clientSecret = context.requireInput('MARKETO_CLIENT_SECRET', hint)
  // Both stand in a URL, and a URL tends to be shown.
  context.redactor.add(clientId)
  context.redactor.add(clientSecret)
  const url = context.requireInput(
    'MARKETO_URL',
    'set it to the instance, such as https://123-ABC-456.mktorest.com',
  )
  const folder = context.requireInput(
    'MARKETO_FOLDER_ID',
    'set it to the number of a folder in Design Studio: the first number behind the # in its address',
  )
  return {
    origin: readOrigin(url),
    clientId,
    clientSecret,
    folderId: readCount('MARKETO_FOLDER_ID', folder),
    maxBytes: readCount('MARKETO_MAX_BYTES', context.input('MARKETO_MAX_BYTES') ?? String(defaultMaxBytes)),
  }
}

/** Marketo shows two addresses, one of them with `/rest` behind and one with `/identity`; either will do. */
function readOrigin(text: string): string {
  const url = parseServiceUrl(text)
  if ('refused' in url) throw invalid('MARKETO_URL', url.refused)
  if (!/^\/(rest\/?|identity\/?)?$/.test(url.pathname) || url.search !== '') {
    throw invalid('MARKETO_URL', 'must end after the host name, such as https://123-ABC-456.mktorest.com')
  }
  return url.origin
}

function readCount(input: string, text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count))
    throw invalid(input, 'must be a whole number above 0')
  return count
}

const invalid = (input: string, problem: string) => systemicError('INPUT_INVALID', `${input} ${problem}`)
