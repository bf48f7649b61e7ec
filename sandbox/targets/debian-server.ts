import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type SshServer, untilListening } from './ssh-server'

/** A server of Debian's in a process and a folder of its own, on a free port of 127.0.0.1. */
export type DebianServer = {
  port: number
  folder: string
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

/** How it is started. The service of the machine, its settings and its accounts are neither used nor changed. */
export type Startup = {
  command: string
  args: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Files that it sees in place of the machine's, by the path that it looks at. Only root can do so. */
  inPlaceOf?: Readonly<Record<string, string>>
}

/** The one user of these servers, and the id that owns its files: nobody's, so that no account is needed. */
export const account = { user: 'bridge', password: 'pässword with spaces', id: 65_534 } as const

/** What a test gets of an SFTP server that takes the user by password, and shows the user's folder as its root. */
export const byPassword = ({ port, close }: DebianServer, fingerprint: string, root: string): SshServer => ({
  inputs: {
    SFTP_URL: `sftp://${account.user}@127.0.0.1:${port}/`,
    SFTP_HOST_KEY_SHA256: fingerprint,
    SFTP_PASSWORD: account.password,
  },
  secrets: [account.password],
  root,
  close,
})

/** Which of these programs are missing here, or that root is; undefined when all is there. */
export function missingHere(programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => !existsSync(program))
  if (missing.length > 0) return `there is no ${missing.join(', ')} here`
  if (process.getuid?.() !== 0) return 'the tests do not run as root'
  try {
    execFileSync('unshare', ['--mount', '--ipc', 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'this machine gives no namespaces'
  }
}

/** Starts a server. @param prepare writes what it needs into its folder */
export async function startDebianServer(
  prepare: (folder: string, port: number) => Promise<Startup>,
): Promise<DebianServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-debian-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  const { command, args, env, inPlaceOf = {} } = await prepare(folder, port)
  const binds = Object.entries(inPlaceOf).flatMap(([path, file]) => [file, path])
  const child = spawn(
    'unshare',
    ['--mount', '--ipc', 'sh', '-c', bindAndRun, 'sh', String(binds.length / 2), ...binds, command, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: true },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000)
    })
  }
  const close = async (): Promise<void> => {
    await endWithChildren(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilListening(port)
    return { port, folder, close }
  } catch (thrown) {
    await close()
    throw new Error(`${command} did not start: ${output}`, { cause: thrown })
  }
}

/** Mounts, in a namespace that ends with the process, and becomes the server. */
const bindAndRun =
  'n=$1; shift; while [ "$n" -gt 0 ]; do mount --bind "$1" "$2" || exit 1; shift 2; n=$((n - 1)); done; exec "$@"'

/** Those that a server forks for its connections are of its group. */
async function endWithChildren(child: ChildProcess): Promise<void> {
  const isRunning = child.exitCode === null && child.signalCode === null
  const exit = isRunning ? new Promise((resolve) => child.once('exit', resolve)) : undefined
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended, and so have they.
  }
  await exit
}

/** A folder that the account may write to. */
export async function accountFolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(path)
  await chown(path, account.id, account.id)
  return path
}

/** The account as a line of passwd, with the password in it. @param shell of the account */
export function accountLine(home: string, shell: string): string {
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], {
    input: account.password,
    encoding: 'utf8',
  })
  return `${account.user}:${hash.trim()}:${account.id}:${account.id}::${home}:${shell}\n`
}

/**
 * Files for `inPlaceOf` that make the account one of the machine's, for servers that know no others. The password stands
 * in passwd itself, as it may.
 */
export async function machineAccount(
  folder: string,
  home: string,
  shell: string,
): Promise<Readonly<Record<string, string>>> {
  const passwd = join(folder, 'passwd')
  const root = 'root:*:0:0:root:/root:/bin/sh\n'
  const privileges = 'sshd:*:65533:65533::/run/sshd:/usr/sbin/nologin\n'
  await writeFile(passwd, root + privileges + accountLine(home, shell))
  return { '/etc/passwd': passwd }
}
