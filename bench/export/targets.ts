import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { startAzurite } from '../../sandbox/targets/azurite'
import { startS3Server } from '../../sandbox/targets/s3-server'
import { hasSshd, startSshd } from '../../sandbox/targets/ssh-server'

/** A destination that is running, empty, and used by one run only. */
export type Target = {
  /** For our own side. */
  inputs: Record<string, string>
  /** The same place as rclone names it. */
  remote: string
  /** SHA-1 of what is there. */
  sha1(key: string): Promise<string>
  close(): Promise<void>
}

/** By the destination's name. */
export const targets: Readonly<Record<string, () => Promise<Target>>> = {
  azure: async () => {
    const azurite = await startAzurite()
    const container = azurite.service.getContainerClient(azurite.container)
    return {
      inputs: { AZURE_BLOB_SAS_URL: azurite.sasUrl() },
      remote: `:azureblob,sas_url='${azurite.url}?${azurite.accountSas()}':${azurite.container}`,
      sha1: async (key) => {
        const { readableStreamBody } = await container.getBlobClient(key).download()
        return hashed(readableStreamBody as Readable)
      },
      close: azurite.close,
    }
  },
  s3: async () => {
    const server = await startS3Server()
    const { S3_ENDPOINT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = server.inputs
    return {
      inputs: server.inputs,
      remote: `:s3,provider=Other,endpoint='${S3_ENDPOINT}',access_key_id=${S3_ACCESS_KEY_ID},secret_access_key=${S3_SECRET_ACCESS_KEY},force_path_style=true:${server.bucket}`,
      sha1: (key) => hashed(createReadStream(server.fileOf(key))),
      close: server.close,
    }
  },
  ...(hasSshd ? { sftp: startSftp } : {}),
  folder: async () => {
    const root = await mkdtemp(join(tmpdir(), 'bridge-bench-'))
    return {
      inputs: { FOLDER_ROOT: root },
      remote: root,
      sha1: (key) => hashed(createReadStream(join(root, key))),
      close: () => rm(root, { recursive: true }),
    }
  },
}

async function startSftp(): Promise<Target> {
  const server = await startSshd()
  const { port, username } = new URL(server.inputs.SFTP_URL ?? '')
  const key = join(server.root, '../user')
  return {
    inputs: server.inputs,
    remote: `:sftp,host=127.0.0.1,port=${port},user=${decodeURIComponent(username)},key_file='${key}':${server.root}`,
    sha1: (name) => hashed(createReadStream(join(server.root, name))),
    close: server.close,
  }
}

async function hashed(stream: Readable): Promise<string> {
  const hash = createHash('sha1')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}
