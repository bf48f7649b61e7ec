import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { startAzurite } from '../../sandbox/targets/azurite'
import { startS3Server } from '../../sandbox/targets/s3-server'
import { missingSshd, startSshd } from '../../sandbox/targets/ssh-server'
import { missingWebdav, startApache } from '../../sandbox/targets/webdav'
import type { RcloneRemote } from '../rivals/rclone'

/** A kind of destination. */
export type TargetKind = {
  name: string
  /** How many times faster than the rival ours is to be. */
  times?: number
  /** Whether it is reached over a network. */
  hasNetwork: boolean
  /** Why it cannot be started here; undefined when it can. */
  missing?: string | undefined
  start(): Promise<Target>
}

/** A destination that is running, empty, and used by one run only. */
export type Target = {
  /** Where it listens on this machine; undefined when nothing does. */
  port: number | undefined
  /** The place where files go, reached by `port`: for our side and as rclone names it. */
  at(port: number | undefined): { inputs: Record<string, string>; remote: RcloneRemote }
  /** SHA-1 of what is there. */
  sha1(key: string): Promise<string>
  close(): Promise<void>
}

/** In the order of the page. */
export const targetKinds: readonly TargetKind[] = [
  { name: 'azure', times: 1.2, hasNetwork: true, start: startAzure },
  { name: 's3', times: 1.2, hasNetwork: true, start: startS3 },
  { name: 'sftp', times: 1, hasNetwork: true, missing: missingSshd, start: startSftp },
  { name: 'https', times: 1.2, hasNetwork: true, missing: missingWebdav.apache, start: startHttps },
  { name: 'folder', hasNetwork: false, start: startFolder },
]

async function startAzure(): Promise<Target> {
  const azurite = await startAzurite()
  const container = azurite.service.getContainerClient(azurite.container)
  return {
    port: portOf(azurite.url),
    at: (port) => ({
      inputs: { AZURE_BLOB_SAS_URL: byPort(azurite.sasUrl(), port) },
      remote: {
        kind: 'azureblob',
        settings: { sas_url: byPort(`${azurite.url}?${azurite.accountSas()}`, port) },
        path: azurite.container,
      },
    }),
    sha1: async (key) => {
      const { readableStreamBody } = await container.getBlobClient(key).download()
      if (readableStreamBody === undefined) throw new Error(`Azurite gave no body of ${key}`)
      return hashed(readableStreamBody)
    },
    close: azurite.close,
  }
}

async function startS3(): Promise<Target> {
  const server = await startS3Server()
  const { S3_ENDPOINT = '', S3_ACCESS_KEY_ID = '', S3_SECRET_ACCESS_KEY = '' } = server.inputs
  return {
    port: portOf(S3_ENDPOINT),
    at: (port) => ({
      inputs: { ...server.inputs, S3_ENDPOINT: byPort(S3_ENDPOINT, port) },
      remote: {
        kind: 's3',
        settings: {
          provider: 'Other',
          endpoint: byPort(S3_ENDPOINT, port),
          access_key_id: S3_ACCESS_KEY_ID,
          secret_access_key: S3_SECRET_ACCESS_KEY,
          force_path_style: 'true',
        },
        path: server.bucket,
      },
    }),
    sha1: (key) => hashed(createReadStream(server.fileOf(key))),
    close: server.close,
  }
}

async function startSftp(): Promise<Target> {
  const server = await startSshd()
  const { SFTP_URL = '' } = server.inputs
  const user = decodeURIComponent(new URL(SFTP_URL).username)
  const keyFile = join(server.root, '../user')
  return {
    port: portOf(SFTP_URL),
    at: (port) => ({
      inputs: { ...server.inputs, SFTP_URL: byPort(SFTP_URL, port) },
      remote: {
        kind: 'sftp',
        settings: { host: '127.0.0.1', port: `${port}`, user, key_file: keyFile },
        path: server.root,
      },
    }),
    sha1: (key) => hashed(createReadStream(join(server.root, key))),
    close: server.close,
  }
}

async function startHttps(): Promise<Target> {
  const server = await startApache()
  return {
    port: portOf(server.url),
    at: (port) => ({
      inputs: { HTTPS_URL: `${byPort(server.url, port)}/{key}` },
      remote: { kind: 'webdav', settings: { url: byPort(server.url, port), vendor: 'other' }, path: '' },
    }),
    sha1: (key) => hashed(createReadStream(join(server.root, key))),
    close: server.close,
  }
}

async function startFolder(): Promise<Target> {
  const root = await mkdtemp(join(tmpdir(), 'bridge-bench-'))
  return {
    port: undefined,
    at: () => ({ inputs: { FOLDER_ROOT: root }, remote: { kind: 'local', settings: {}, path: root } }),
    sha1: (key) => hashed(createReadStream(join(root, key))),
    close: () => rm(root, { recursive: true }),
  }
}

const portOf = (url: string): number => Number(new URL(url).port)

/** The URL with another port, and else as it is spelled. */
const byPort = (url: string, port: number | undefined): string =>
  port === undefined ? url : url.replace(`:${portOf(url)}`, `:${port}`)

async function hashed(stream: NodeJS.ReadableStream | Readable): Promise<string> {
  const hash = createHash('sha1')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}
