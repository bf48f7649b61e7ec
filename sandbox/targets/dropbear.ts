import { execFileSync } from 'node:child_process'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { account, accountFolder, machineAccount, missingHere, startDebianServer } from './debian-server'
import { createKey, type SshServer } from './ssh-server'

const program = '/usr/sbin/dropbear'

/** Why Dropbear cannot be started here; undefined when it can. It takes OpenSSH's program for SFTP. */
export const missingDropbear = missingHere([
  program,
  '/usr/bin/dropbearkey',
  '/usr/lib/openssh/sftp-server',
  '/usr/bin/openssl',
])

/** Starts Dropbear for one account with a key. */
export async function startDropbear(): Promise<SshServer> {
  let inputs: SshServer['inputs'] = {}
  let secret = ''
  let root = ''
  const server = await startDebianServer(async (folder, port) => {
    const home = await accountFolder(folder, 'home')
    root = await accountFolder(home, 'files')
    const userKey = await createKey(join(folder, 'user'))
    await mkdir(join(home, '.ssh'), { mode: 0o700 })
    await writeFile(join(home, '.ssh/authorized_keys'), userKey.publicText, { mode: 0o600 })
    for (const path of ['.ssh', '.ssh/authorized_keys']) await chown(join(home, path), account.id, account.id)
    const made = execFileSync('dropbearkey', ['-t', 'ed25519', '-f', join(folder, 'host')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const publicKey = /^ssh-ed25519 \S+/m.exec(made)?.[0] ?? ''
    const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', '-'], {
      input: publicKey,
      encoding: 'utf8',
    }).split(' ')
    secret = userKey.text
    inputs = {
      SFTP_URL: `sftp://${account.user}@127.0.0.1:${port}${root}`,
      SFTP_HOST_KEY_SHA256: fingerprint,
      SFTP_PRIVATE_KEY: userKey.text,
    }
    return {
      command: program,
      args: [
        '-F',
        '-E',
        '-s',
        '-r',
        join(folder, 'host'),
        '-p',
        `127.0.0.1:${port}`,
        '-P',
        join(folder, 'pid'),
      ],
      inPlaceOf: await machineAccount(folder, home, '/bin/sh'),
    }
  })
  return { inputs, secrets: [secret], root, close: server.close }
}
