import { systemicError } from '../../core/errors'
import { parseServiceUrl } from '../../http/origin'
import type { DestinationContext } from '../../plugin/destination'

/** How the container is reached. */
export type AzureAccess =
  | { kind: 'sas'; url: URL }
  | { kind: 'connection-string'; text: string; container: string }
  | { kind: 'key'; account: string; key: string; container: string }

/** Tells whether the inputs name a container. */
export const hasAzureInputs = ({ input }: DestinationContext): boolean =>
  ['AZURE_BLOB_SAS_URL', 'AZURE_BLOB_CONNECTION_STRING', 'AZURE_BLOB_ACCOUNT'].some(
    (name) => input(name) !== undefined,
  )

/**
 * Reads the inputs; a SAS wins over a connection string, that over a key. What is secret is made known.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input
 */
export function readAzureAccess({ input, requireInput, redactor }: DestinationContext): AzureAccess {
  const sas = input('AZURE_BLOB_SAS_URL')
  if (sas !== undefined) {
    redactor.add(sas)
    const url = readSasUrl(sas)
    redactor.add(url.search.slice(1))
    redactor.add(url.searchParams.get('sig') ?? undefined)
    return { kind: 'sas', url }
  }
  const text = input('AZURE_BLOB_CONNECTION_STRING')
  if (text !== undefined) {
    redactor.add(text)
    redactor.add(/AccountKey=([^;]+)/i.exec(text)?.[1])
    redactor.add(/\bsig=([^&;]+)/i.exec(text)?.[1])
    redactor.add(/SharedAccessSignature=([^;]+)/i.exec(text)?.[1])
    return { kind: 'connection-string', text, container: readContainer(requireInput) }
  }
  const key = requireInput('AZURE_BLOB_KEY', 'set it to one of the keys of the storage account')
  redactor.add(key)
  const account = requireInput('AZURE_BLOB_ACCOUNT', 'set it to the name of the storage account')
  if (!/^[a-z0-9]{3,24}$/.test(account)) {
    throw invalid(
      'AZURE_BLOB_ACCOUNT',
      'must be the name of a storage account: 3 to 24 lower-case letters and digits',
    )
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key)) throw invalid('AZURE_BLOB_KEY', 'must be Base64')
  return { kind: 'key', account, key, container: readContainer(requireInput) }
}

function readSasUrl(text: string): URL {
  const url = parseServiceUrl(text)
  if ('refused' in url) throw invalid('AZURE_BLOB_SAS_URL', url.refused)
  if (!url.searchParams.has('sig')) {
    throw invalid('AZURE_BLOB_SAS_URL', 'must end with a shared access signature (?sv=...&sig=...)')
  }
  if (url.pathname.split('/').filter((segment) => segment !== '').length === 0) {
    throw invalid(
      'AZURE_BLOB_SAS_URL',
      'must name the container: https://account.blob.core.windows.net/container?sv=...',
    )
  }
  return url
}

function readContainer(requireInput: DestinationContext['requireInput']): string {
  const name = requireInput('AZURE_BLOB_CONTAINER', 'set it to the name of the container')
  if (!/^(\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/.test(name)) {
    throw invalid(
      'AZURE_BLOB_CONTAINER',
      'must be the name of a container: 3 to 63 lower-case letters, digits and single hyphens',
    )
  }
  return name
}

const invalid = (input: string, problem: string): Error =>
  systemicError('INPUT_INVALID', `${input} ${problem}`)
