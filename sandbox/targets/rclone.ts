import { join } from 'node:path'
import { account, accountFolder, byPassword, missingHere, startDebianServer } from './debian-server'
import { createKey, type SshServer } from './ssh-server'

const program = '/usr/bin/rclone'

/** Why rclone cannot be started here; undefined when it can. */
export const missingRclone = missingHere([program])

/**
 * Starts `rclone serve sftp` over a folder, or over an object store, whose `root` then stays empty. The time of an object
 * is that of the store, which sets it anew with each rename; it is slow, so that the rename comes in another second.
 * @param store the inputs of an `s3` destination
 */
export async function startRcloneSftp(store?: Readonly<Record<string, string>>): Promise<SshServer> {
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
        ...(store === undefined ? [] : ['--use-server-modtime', '--dir-cache-time', '1s', '--tpslimit', '2']),
      ],
      env: ownSettings(folder),
    }
  })
  return byPassword(server, fingerprint, root)
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

const remoteOf = (store: Readonly<Record<string, string>>): string =>
  `:s3,provider=Other,endpoint='${store.S3_ENDPOINT}',access_key_id=${store.S3_ACCESS_KEY_ID},secret_access_key=${store.S3_SECRET_ACCESS_KEY},force_path_style=true:${store.S3_BUCKET}`
