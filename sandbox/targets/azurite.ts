import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import {
  AccountSASPermissions,
  BlobServiceClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  RestError,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { startServerProcess } from './server-process'

/** Microsoft's emulator of Blob Storage at work, with one container. */
export type Azurite = {
  /** Of the account. */
  url: string
  connectionString: string
  account: string
  /** Of the account. */
  key: string
  container: string
  /** A container's URL with a signature. */
  sasUrl(options?: { permissions?: string; expiresOn?: Date; container?: string }): string
  /** A signature for the whole account, without a question mark. */
  accountSas(): string
  /** The library's own client, for a second look. */
  service: BlobServiceClient
  /** What one request reads of a blob: the bytes of one moment. Undefined when there is none. */
  read(name: string): Promise<Buffer | undefined>
  close(): Promise<void>
}

/** Both are published: every installation of the emulator has them. */
const account = 'devstoreaccount1'
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
const container = 'assets'
const script = join(__dirname, '../../node_modules/azurite/dist/src/blob/main.js')

/** Starts it on a free port. */
export async function startAzurite(): Promise<Azurite> {
  const server = await startServerProcess(
    script,
    (folder) => [
      '--blobHost',
      '127.0.0.1',
      '--blobPort',
      '0',
      '--location',
      folder,
      '--silent',
      '--skipApiVersionCheck',
      '--disableTelemetry',
    ],
    /listens on (http:\/\/\S+)/,
  )
  const url = `${server.url}/${account}`
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${url};`
  const service = BlobServiceClient.fromConnectionString(connectionString)
  await service.createContainer(container)

  return {
    url,
    connectionString,
    account,
    key,
    container,
    sasUrl,
    accountSas,
    service,
    read,
    close: server.close,
  }

  async function read(name: string): Promise<Buffer | undefined> {
    try {
      const { readableStreamBody } = await service
        .getContainerClient(container)
        .getBlobClient(name)
        .download()
      return readableStreamBody === undefined ? undefined : await buffer(readableStreamBody)
    } catch (thrown) {
      if (thrown instanceof RestError && thrown.statusCode === 404) return undefined
      throw thrown
    }
  }

  function sasUrl(options: { permissions?: string; expiresOn?: Date; container?: string } = {}): string {
    const { permissions = 'racwdl', expiresOn = new Date(Date.now() + 3_600_000) } = options
    const containerName = options.container ?? container
    const sas = generateBlobSASQueryParameters(
      { containerName, permissions: ContainerSASPermissions.parse(permissions), expiresOn },
      new StorageSharedKeyCredential(account, key),
    )
    return `${url}/${containerName}?${sas}`
  }

  function accountSas(): string {
    return generateAccountSASQueryParameters(
      {
        permissions: AccountSASPermissions.parse('rwdlac'),
        services: 'b',
        resourceTypes: 'sco',
        expiresOn: new Date(Date.now() + 3_600_000),
      },
      new StorageSharedKeyCredential(account, key),
    ).toString()
  }
}
