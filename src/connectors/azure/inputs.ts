import type { DestinationContext } from '../../plugin/destination'
import {
  declareInputs,
  inputError,
  isSet,
  matching,
  type Parsed,
  readServiceUrl,
  text,
  valuesOf,
} from '../../plugin/inputs'
import { prefixShape } from '../kit/prefix'

/** The inputs of an Azure destination, behind their prefix. */
export const azureInputs = declareInputs({
  SAS_URL: {
    meaning:
      'The URL of the container with a shared access signature that may read, create and write. It is one of three ways in and wins over the others.',
    unset: 'another way in, or the destination is off',
    example: 'https://account.blob.core.windows.net/container?sv=...&sig=...',
    shape: sasUrl,
    secret: true,
  },
  CONNECTION_STRING: {
    meaning: 'A connection string of the storage account, in place of the signature.',
    unset: 'another way in, or the destination is off',
    shape: text,
    secret: true,
  },
  ACCOUNT: {
    meaning: 'The name of the storage account, in place of signature and connection string.',
    required: 'with the key',
    shape: matching(
      /^[a-z0-9]{3,24}$/,
      'must be the name of a storage account: 3 to 24 lower-case letters and digits',
    ),
  },
  KEY: {
    meaning: 'One of the keys of the storage account.',
    required: 'with the account',
    shape: matching(/^[A-Za-z0-9+/]+={0,2}$/, 'must be Base64'),
    secret: true,
  },
  CONTAINER: {
    meaning: 'The name of the container.',
    required: 'with a connection string or a key',
    shape: matching(
      /^(\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/,
      'must be the name of a container: 3 to 63 lower-case letters, digits and single hyphens',
    ),
  },
  PREFIX: {
    meaning: 'The folder in the container that files go to.',
    unset: 'none',
    example: 'exports/aem',
    shape: prefixShape,
  },
})

function sasUrl(text: string): Parsed<URL> {
  const url = readServiceUrl(text)
  if ('problem' in url) return url
  const { searchParams, pathname } = url.value
  if (!searchParams.has('sig')) {
    return { problem: 'must end with a shared access signature (?sv=...&sig=...)' }
  }
  const misfit = misfitOf(searchParams)
  if (misfit !== undefined) return { problem: misfit }
  return pathname.split('/').some((segment) => segment !== '')
    ? url
    : { problem: 'must name the container: https://account.blob.core.windows.net/container?sv=...' }
}

const create =
  'create one for the container: in the portal under Shared access tokens of the container, or with az storage container generate-sas'

/** What signatures of other things are for (Azure Storage, service SAS and account SAS). */
const otherResources: Readonly<Record<string, string>> = {
  b: 'one blob',
  bs: 'one snapshot of a blob',
  bv: 'one version of a blob',
  f: 'one file of Azure Files',
  s: 'a share of Azure Files',
}

/** Why a signature cannot open a container; undefined when it can, as far as it says what it is for. */
function misfitOf(signature: URLSearchParams): string | undefined {
  const resource = signature.get('sr')
  const other = resource === null ? undefined : otherResources[resource]
  if (other !== undefined) return `is the signature of ${other} (sr=${resource}); ${create}`
  if (signature.has('tn')) return `is the signature of a table (tn=...); ${create}`
  // That of an account names its services, and the types of what it opens in them: objects are the blobs.
  const [services, types] = [signature.get('ss'), signature.get('srt')]
  if (services !== null && !services.includes('b')) {
    return `is the signature of an account, and not for its blobs (ss=${services.slice(0, 8)}); ${create}`
  }
  if (types !== null && !types.includes('o')) {
    return `is the signature of an account, and not for objects in it (srt=${types.slice(0, 8)}); ${create}`
  }
  return undefined
}

/** A connection string may hold a signature in place of a key. @throws {InputError} */
function checkConnectionString(text: string, inputs: string): void {
  const signature = /SharedAccessSignature=([^;]+)/i.exec(text)?.[1]
  const misfit = signature === undefined ? undefined : misfitOf(new URLSearchParams(signature))
  if (misfit !== undefined) throw inputError(`${inputs}_CONNECTION_STRING ${misfit}`)
}

/** How the container is reached. */
export type AzureAccess = (
  | { kind: 'sas'; url: URL }
  | { kind: 'connection-string'; text: string; container: string }
  | { kind: 'key'; account: string; key: string; container: string }
) & {
  /** Empty, or a folder with a slash at its end. */
  prefix: string
  /** Prefix of the inputs, for errors. */
  inputs: string
}

/** Tells whether the inputs name a container. */
export const hasAzureInputs = (context: DestinationContext, inputs: string): boolean =>
  (['SAS_URL', 'CONNECTION_STRING', 'ACCOUNT'] as const).some((name) =>
    isSet(azureInputs, name, context, inputs),
  )

/**
 * Reads the inputs; a SAS wins over a connection string, that over a key. What is secret is made known.
 * @param inputs their prefix
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong
 */
export function readAzureAccess(context: DestinationContext, inputs: string): AzureAccess {
  const { redactor } = context
  const { SAS_URL, CONNECTION_STRING, ACCOUNT, KEY, CONTAINER, PREFIX } = azureInputs
  if (isSet(azureInputs, 'SAS_URL', context, inputs)) {
    const way = { prefix: inputs, required: ['SAS_URL'] as const }
    const { SAS_URL: url, PREFIX: prefix = '' } = valuesOf({ SAS_URL, PREFIX }, context, way)
    redactor.add(url.search.slice(1))
    redactor.add(url.searchParams.get('sig') ?? undefined)
    return { kind: 'sas', url, prefix, inputs }
  }
  if (isSet(azureInputs, 'CONNECTION_STRING', context, inputs)) {
    const way = { prefix: inputs, required: ['CONNECTION_STRING', 'CONTAINER'] as const }
    const values = valuesOf({ CONNECTION_STRING, CONTAINER, PREFIX }, context, way)
    const { CONNECTION_STRING: text, CONTAINER: container, PREFIX: prefix = '' } = values
    redactor.add(/AccountKey=([^;]+)/i.exec(text)?.[1])
    redactor.add(/\bsig=([^&;]+)/i.exec(text)?.[1])
    redactor.add(/SharedAccessSignature=([^;]+)/i.exec(text)?.[1])
    checkConnectionString(text, inputs)
    return { kind: 'connection-string', text, container, prefix, inputs }
  }
  const way = { prefix: inputs, required: ['ACCOUNT', 'KEY', 'CONTAINER'] as const }
  const values = valuesOf({ ACCOUNT, KEY, CONTAINER, PREFIX }, context, way)
  const { ACCOUNT: account, KEY: key, CONTAINER: container, PREFIX: prefix = '' } = values
  return { kind: 'key', account, key, container, prefix, inputs }
}
