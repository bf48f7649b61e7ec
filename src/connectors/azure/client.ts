import type { ContainerClient } from '@azure/storage-blob'
import { isLoopback } from '../../http/origin'
import { inputError } from '../../plugin/inputs'
import type { AzureAccess } from './inputs'

/**
 * Loads the library and makes a client of the container.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, when the connection string cannot be read
 */
export async function connectAzure(access: AzureAccess): Promise<ContainerClient> {
  const { AnonymousCredential, ContainerClient, StorageSharedKeyCredential } = await import(
    '@azure/storage-blob'
  )
  // The app retries itself: the library respects neither Retry-After nor a deadline.
  const options = { retryOptions: { maxTries: 1 }, userAgentOptions: { userAgentPrefix: 'aem-asset-bridge' } }
  if (access.kind === 'sas') return new ContainerClient(access.url.href, new AnonymousCredential(), options)
  if (access.kind === 'key') {
    const { account, key, container } = access
    const url = `https://${account}.blob.core.windows.net/${container}`
    return new ContainerClient(url, new StorageSharedKeyCredential(account, key), options)
  }
  const { text, container, inputs } = access
  const client = readable(inputs, () => new ContainerClient(text, container, options))
  const url = new URL(client.url)
  if (url.protocol === 'https:' || isLoopback(url)) return client
  throw invalid(inputs, 'must name an https endpoint')
}

/** The library's own message may repeat what it could not read. */
function readable(inputs: string, connect: () => ContainerClient): ContainerClient {
  try {
    return connect()
  } catch {
    throw invalid(inputs, 'cannot be read: copy it from the access keys of the storage account')
  }
}

const invalid = (inputs: string, problem: string): Error =>
  inputError(`${inputs}_CONNECTION_STRING ${problem}`)
