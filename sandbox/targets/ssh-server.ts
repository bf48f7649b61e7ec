import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A running SFTP server and how to reach it. */
export type SshServer = {
  /** What the app is given. */
  inputs: Readonly<Record<string, string>>
  /** The secret values among them. */
  secrets: readonly string[]
  /** The folder of this machine that the root of the URL stands for. */
  root: string
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

const sshd = '/usr/sbin/sshd'

/** Tells whether this machine has an OpenSSH server that can be started. */
export const hasSshd = existsSync(sshd)

/** Why OpenSSH cannot be started here; undefined when it can. */
export const missingSshd = hasSshd ? undefined : `there is no ${sshd} here`

/** A new key as ssh-keygen writes it, without a passphrase unless the options say so. */
export async function createKey(
  path: string,
  ...options: string[]
): Promise<{ text: string; publicText: string; fingerprint: string }> {
  const given = options.length > 0 ? options : ['-N', '']
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-C', 'test', '-f', path, ...given])
  const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', `${path}.pub`], { encoding: 'utf8' }).split(
    ' ',
  )
  return {
    text: await readFile(path, 'utf8'),
    publicText: await readFile(`${path}.pub`, 'utf8'),
    fingerprint,
  }
}

/** Starts the machine's own OpenSSH server on a free port of 127.0.0.1, for the user who runs the tests. */
export async function startSshd(): Promise<SshServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-sshd-'))
  const root = join(folder, 'files')
  const hostKey = await createKey(join(folder, 'host'))
  const userKey = await createKey(join(folder, 'user'))
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true })
  const port = await freePort()
  const config = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: join(folder, 'host'),
    PidFile: join(folder, 'pid'),
    AuthorizedKeysFile: join(folder, 'user.pub'),
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    UsePAM: 'no',
    StrictModes: 'no',
    PermitRootLogin: 'prohibit-password',
    MaxStartups: 100,
    Subsystem: 'sftp internal-sftp',
    ForceCommand: 'internal-sftp',
    AllowTcpForwarding: 'no',
  }
  const path = join(folder, 'sshd_config')
  await writeFile(
    path,
    Object.entries(config)
      .map((entry) => `${entry.join(' ')}\n`)
      .join(''),
  )
  // Absolute, since the server starts itself again for each connection, elsewhere.
  const server = spawn(sshd, ['-D', '-e', '-f', path], { stdio: 'ignore' })
  await untilListening(port)
  return {
    inputs: {
      SFTP_URL: `sftp://${encodeURIComponent(userInfo().username)}@127.0.0.1:${port}${root}`,
      SFTP_HOST_KEY_SHA256: hostKey.fingerprint,
      SFTP_PRIVATE_KEY: userKey.text,
    },
    secrets: [userKey.text, userKey.text.split('\n')[2] ?? userKey.text],
    root,
    close: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve))
      server.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A port that is free for now. */
export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('no free port')
}

/** Waits until something listens on a port of 127.0.0.1, for five seconds. */
export async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await sleep(50)
  }
  throw new Error(`nothing listens on port ${port}`)
}

/** The bytes of a file below a folder; undefined when there is none. */
export const readBelow = (root: string, key: string): Promise<Buffer | undefined> =>
  readFile(join(root, key)).catch(() => undefined)

/** The visible files below a folder, or all of them. */
export async function listBelow(root: string, which: 'visible' | 'all' = 'visible'): Promise<string[]> {
  if (!existsSync(root)) return []
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && (which === 'all' || !entry.name.startsWith('.')))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}
