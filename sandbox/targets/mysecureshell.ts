import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { account, accountFolder, machineAccount, missingHere, startDebianServer } from './debian-server'
import { createKey, type SshServer } from './ssh-server'

const sshd = '/usr/sbin/sshd'
const shell = '/usr/bin/mysecureshell'

/** Why MySecureShell cannot be started here; undefined when it can. */
export const missingMySecureShell = missingHere([sshd, shell, '/usr/bin/openssl'])

/** Starts OpenSSH with MySecureShell as the account's shell. @param connections that the account may have at once */
export async function startMySecureShell({ connections }: { connections: number }): Promise<SshServer> {
  let inputs: SshServer['inputs'] = {}
  let secret = ''
  let root = ''
  const server = await startDebianServer(async (folder, port) => {
    root = await accountFolder(folder, 'files')
    const hostKey = await createKey(join(folder, 'host'))
    const userKey = await createKey(join(folder, 'user'))
    await mkdir('/run/sshd', { recursive: true })
    const sftpConfig = [
      '<Default>',
      'StayAtHome true',
      'VirtualChroot true',
      'LimitConnection 10',
      `LimitConnectionByUser ${connections}`,
      'LimitConnectionByIP 10',
      `Home ${root}`,
      'ResolveIP false',
      'DefaultRights 0640 0750',
      '</Default>',
    ]
    await writeFile(join(folder, 'sftp_config'), sftpConfig.map((line) => `${line}\n`).join(''))
    const config = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${folder}/host`,
      'PidFile none',
      `AuthorizedKeysFile ${folder}/user.pub`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'StrictModes no',
      'Subsystem sftp /usr/lib/openssh/sftp-server',
    ]
    await writeFile(join(folder, 'sshd_config'), config.map((line) => `${line}\n`).join(''))
    secret = userKey.text
    inputs = {
      SFTP_URL: `sftp://${account.user}@127.0.0.1:${port}/`,
      SFTP_HOST_KEY_SHA256: hostKey.fingerprint,
      SFTP_PRIVATE_KEY: userKey.text,
    }
    return {
      command: sshd,
      args: ['-D', '-e', '-f', join(folder, 'sshd_config')],
      inPlaceOf: {
        ...(await machineAccount(folder, root, shell)),
        '/etc/ssh/sftp_config': join(folder, 'sftp_config'),
      },
    }
  })
  return { inputs, secrets: [secret], root, close: server.close }
}
