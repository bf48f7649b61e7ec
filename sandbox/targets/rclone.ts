import { join } from 'node:path'
import { account, accountFolder, missingHere, startDebianServer } from './debian-server'
import { createKey, type SshServer } from './ssh-server'

const program = '/usr/bin/rclone'

/** Why rclone cannot be started here; undefined when it can. */
export const missingRclone = missingHere([program])

/** An object store that rclone shows as files. */
export type RcloneStore = { endpoint: string; bucket: string; accessKeyId: string; secretAccessKey: string }

/** Starts `rclone serve sftp` over a folder, or over an object store, whose `root` then stays empty. */
export async function startRcloneSftp(store?: RcloneStore): Promise<SshServer> {
  let fingerprint = ''
  let root = ''
  const server = await startDebianServer(async (folder, port) => {
    root = await accountFolder(folder, 'files')
    ;({ fingerprint } = await createKey(join(folder, 'host')))
    return {
      command: program,
      args: [
        ...['serve', 'sftp', store === undefined ? root : remoteOf(store)],
        ...['--addr', `127.0.0.1:${port}`, '--key', join(folder, 'host')],
        ...['--user', account.user, '--pass', account.password],
      ],
      env: ownSettings(folder),
    }
  })
  return {
    inputs: {
      SFTP_URL: `sftp://${account.user}@127.0.0.1:${server.port}/`,
      SFTP_HOST_KEY_SHA256: fingerprint,
      SFTP_PASSWORD: account.password,
    },
    secrets: [account.password],
    root,
    close: server.close,
  }
}

/** Starts `rclone serve webdav` over a folder. */
export async function startRcloneWebdav(): Promise<{ url: string; root: string; close(): Promise<void> }> {
  let root = ''
  const server = await startDebianServer(async (folder, port) => {
    root = await accountFolder(folder, 'files')
    return {
      command: program,
      args: ['serve', 'webdav', root, '--addr', `127.0.0.1:${port}`],
      env: ownSettings(folder),
    }
  })
  return { url: `http://127.0.0.1:${server.port}`, root, close: server.close }
}

/** The settings of who runs the tests are not read. */
const ownSettings = (folder: string): Record<string, string> => ({
  RCLONE_CONFIG: join(folder, 'none'),
  RCLONE_CACHE_DIR: join(folder, 'cache'),
  AWS_CA_BUNDLE: '',
})

const remoteOf = ({ endpoint, bucket, accessKeyId, secretAccessKey }: RcloneStore): string =>
  `:s3,provider=Other,endpoint='${endpoint}',access_key_id=${accessKeyId},secret_access_key=${secretAccessKey},force_path_style=true:${bucket}`
