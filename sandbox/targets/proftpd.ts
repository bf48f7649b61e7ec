import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accountFolder, accountLine, byPassword, missingHere, startDebianServer } from './debian-server'
import { createKey, type SshServer } from './ssh-server'

const program = '/usr/sbin/proftpd'
const sftpModule = '/usr/lib/proftpd/mod_sftp.so'

/** Why ProFTPD with SFTP cannot be started here; undefined when it can. */
export const missingProftpd = missingHere([program, sftpModule, '/usr/bin/openssl'])

/** What the account may not do. */
export type ProftpdRules = {
  /** Commands that are denied, as `<Limit>` names them: `['DELE']`. @default none */
  denied?: readonly string[]
  /** Further lines of the configuration. */
  more?: readonly string[]
}

/** Starts ProFTPD with `mod_sftp` for one account with a password. A file may be overwritten, which is not its default. */
export async function startProftpd({ denied = [], more = [] }: ProftpdRules = {}): Promise<SshServer> {
  let fingerprint = ''
  let root = ''
  const server = await startDebianServer(async (folder, port) => {
    root = await accountFolder(folder, 'files')
    ;({ fingerprint } = await createKey(join(folder, 'host')))
    await mkdir(join(folder, 'run'))
    await writeFile(join(folder, 'users'), accountLine(root, '/bin/sh'), { mode: 0o600 })
    const limits = denied.length === 0 ? [] : [`<Limit ${denied.join(' ')}>`, 'DenyAll', '</Limit>']
    const lines = [
      'LoadModule mod_sftp.c',
      'ServerType standalone',
      'ServerName bridge',
      `Port ${port}`,
      'DefaultAddress 127.0.0.1',
      'User nobody',
      'Group nogroup',
      'UseIPv6 off',
      'UseReverseDNS off',
      'WtmpLog off',
      'DelayEngine off',
      `ScoreboardFile ${folder}/run/scoreboard`,
      `PidFile ${folder}/run/pid`,
      `SystemLog ${folder}/run/log`,
      'RequireValidShell off',
      'AuthOrder mod_auth_file.c',
      `AuthUserFile ${folder}/users`,
      'DefaultRoot ~',
      'SFTPEngine on',
      `SFTPHostKey ${folder}/host`,
      'SFTPAuthMethods password',
      'AllowOverwrite on',
      ...more,
      '<Directory />',
      ...limits,
      '</Directory>',
    ]
    await writeFile(join(folder, 'proftpd.conf'), lines.map((line) => `${line}\n`).join(''))
    return { command: program, args: ['-n', '-q', '-c', join(folder, 'proftpd.conf')] }
  })
  return byPassword(server, fingerprint, root)
}
