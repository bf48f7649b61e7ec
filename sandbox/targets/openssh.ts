import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { account, accountFolder, machineAccount, missingHere, startDebianServer } from './debian-server'
import { createKey, type SshServer } from './ssh-server'

const sshd = '/usr/sbin/sshd'

/** Why OpenSSH cannot be started with an account of its own here; undefined when it can. */
export const missingOpenSsh = missingHere([sshd, '/usr/bin/openssl'])

/** An OpenSSH server with several host keys, for an account with a key and a password. */
export type OpenSsh = SshServer & {
  /** By the kind of the key: as `SFTP_HOST_KEY_SHA256` takes it. */
  fingerprints: Readonly<Record<string, string>>
  /** Lets the account in with this key, as OpenSSL writes a new one. @param options of `openssl genpkey` */
  createKey(...options: readonly string[]): Promise<string>
}

/** Starts it. @param methods as `AuthenticationMethods` takes them */
export async function startOpenSsh({ methods }: { methods: string }): Promise<OpenSsh> {
  const fingerprints: Record<string, string> = {}
  let inputs: SshServer['inputs'] = {}
  let root = ''
  const server = await startDebianServer(async (folder, port) => {
    root = await accountFolder(folder, 'files')
    const kinds = ['ed25519', 'ecdsa', 'rsa']
    for (const kind of kinds) {
      const key = await createKey(join(folder, kind), '-N', '', '-t', kind)
      fingerprints[kind] = key.fingerprint
    }
    const userKey = await createKey(join(folder, 'user'))
    await mkdir('/run/sshd', { recursive: true })
    const lines = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...kinds.map((kind) => `HostKey ${folder}/${kind}`),
      'PidFile none',
      `AuthorizedKeysFile ${folder}/user.pub`,
      `AuthenticationMethods ${methods}`,
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'StrictModes no',
      'Subsystem sftp internal-sftp',
      'ForceCommand internal-sftp',
    ]
    await writeFile(join(folder, 'sshd_config'), lines.map((line) => `${line}\n`).join(''))
    inputs = {
      SFTP_URL: `sftp://${account.user}@127.0.0.1:${port}${root}`,
      SFTP_HOST_KEY_SHA256: fingerprints.ed25519 ?? '',
      SFTP_PRIVATE_KEY: userKey.text,
      SFTP_PASSWORD: account.password,
    }
    return {
      command: sshd,
      args: ['-D', '-e', '-f', join(folder, 'sshd_config')],
      inPlaceOf: await machineAccount(folder, root, '/bin/sh'),
    }
  })
  return {
    inputs,
    secrets: [account.password],
    root,
    fingerprints,
    close: server.close,
    createKey: async (...options) => {
      const path = join(server.folder, 'made')
      execFileSync('openssl', ['genpkey', ...options, '-out', path], { stdio: 'ignore' })
      const publicKey = execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' })
      await writeFile(join(server.folder, 'user.pub'), publicKey)
      return readFile(path, 'utf8')
    },
  }
}
