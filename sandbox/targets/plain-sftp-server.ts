import { createHash, generateKeyPairSync } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2, {
  type AuthContext,
  type AuthenticationType,
  type Connection,
  type ParsedKey,
  type SFTPWrapper,
} from 'ssh2'
import type { SshServer } from './ssh-server'

/** What goes wrong with a request: a status, no answer for good, or the end of the connection. */
export type SftpFault = number | 'silence' | 'cut'

/** An SFTP server of this process, as plain as they come: no extensions, a password, status codes of version 3. */
export type PlainSftpServer = SshServer & {
  /** Decides about each request before it is served. */
  fault: (request: string, path: string) => SftpFault | undefined
  /** Open connections; all ever made. */
  connections(): { open: number; total: number }
  /** Lets the user in with this key, too, as `authorized_keys` writes it. */
  authorize(publicKey: string): void
  /** Attempts to log in, wrong ones included. */
  logins(): number
  /** The methods to log in with, one after the other, as `AuthenticationMethods` of OpenSSH. @default any one */
  inARow: readonly AuthenticationType[] | undefined
  /** Connections that a user may have; it closes a further one after the login. @default any number */
  maxSessions: number
  /** A rename changes the time of the file by so many seconds, as servers in front of an object store do. @default 0 */
  renameMovesTime: number
  /** A rename replaces what is there, as MySecureShell 2.0 does, against version 3. @default false */
  renamesOver: boolean
  /** Breaks every connection without a word to the client, as a frozen process meets it. */
  cutAll(): void
}

const password = 'pässword with spaces'
const hostKey = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'sec1', format: 'pem' },
}).privateKey
const { STATUS_CODE, flagsToString } = ssh2.utils.sftp

/** Starts it on a free port of 127.0.0.1. */
export async function startPlainSftpServer(): Promise<PlainSftpServer> {
  const root = await mkdtemp(join(tmpdir(), 'bridge-sftp-'))
  const clients = new Set<Connection>()
  /** Those that are logged in. */
  const sessions = new Set<Connection>()
  const authorized: ParsedKey[] = []
  let total = 0
  let logins = 0
  const server = new ssh2.Server(
    { hostKeys: [hostKey] },
    (client: Connection & { setNoDelay?(yes: boolean): void }) => {
      client.setNoDelay?.(true)
      clients.add(client)
      total += 1
      let passed = 0
      client.on('error', () => undefined)
      client.on('close', () => {
        clients.delete(client)
        sessions.delete(client)
      })
      client.on('authentication', (context) => {
        logins += 1
        void decide(
          context,
          () => passed,
          () => ++passed,
        )
      })
      client.on('ready', () => {
        if (sessions.size >= running.maxSessions) client.end()
        else sessions.add(client)
        client.on('session', (accept) => {
          accept().on('sftp', (acceptSftp) => serve(acceptSftp(), client))
        })
      })
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: unknown = server.address()
  const port = typeof address === 'object' && address !== null && 'port' in address ? address.port : 0
  const publicKey = ssh2.utils.parseKey(hostKey)
  if (publicKey instanceof Error) throw publicKey
  const fingerprint = createHash('sha256').update(publicKey.getPublicSSH()).digest('hex')

  const running: PlainSftpServer = {
    inputs: {
      SFTP_URL: `sftp://bridge@127.0.0.1:${port}/`,
      SFTP_HOST_KEY_SHA256: fingerprint,
      SFTP_PASSWORD: password,
    },
    secrets: [password],
    root,
    fault: () => undefined,
    inARow: undefined,
    renameMovesTime: 0,
    renamesOver: false,
    maxSessions: Number.POSITIVE_INFINITY,
    connections: () => ({ open: clients.size, total }),
    authorize: (text) => {
      const key = ssh2.utils.parseKey(text)
      if (key instanceof Error) throw key
      authorized.push(key)
    },
    logins: () => logins,
    cutAll: () => {
      for (const client of clients) client.end()
    },
    close: async () => {
      for (const client of clients) client.end()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await rm(root, { recursive: true, force: true })
    },
  }
  return running

  async function decide(context: AuthContext, passed: () => number, pass: () => number): Promise<void> {
    const { inARow } = running
    const wanted = inARow?.[passed()]
    const isAsked = inARow === undefined || wanted === context.method
    if (!(context.username === 'bridge' && isAsked && (await isRight(context, authorized)))) {
      context.reject(wanted === undefined ? ['password', 'publickey'] : [wanted])
      return
    }
    // The first question about a key is no login yet.
    const isQuestion = context.method === 'publickey' && context.signature === undefined
    const next = isQuestion ? undefined : inARow?.[pass()]
    if (next === undefined) context.accept()
    else context.reject([next], true)
  }

  function serve(sftp: SFTPWrapper, client: Connection): void {
    const files = new Map<number, FileHandle>()
    const listings = new Map<number, string[]>()
    let handles = 0
    const full = (path: string): string => join(root, path)
    client.on('close', () => {
      for (const file of files.values()) file.close().catch(() => undefined)
    })

    const answer = (request: string, id: number, path: string, work: () => Promise<unknown>): void => {
      const fault = running.fault(request, path)
      if (fault === 'silence') return
      if (fault === 'cut') client.end()
      else if (fault !== undefined) sftp.status(id, fault)
      else work().catch((thrown: unknown) => sftp.status(id, statusFor(thrown)))
    }
    const ok = (id: number): void => sftp.status(id, STATUS_CODE.OK)
    const keep = <T>(map: Map<number, T>, value: T): Buffer => {
      const handle = Buffer.alloc(4)
      handle.writeUInt32BE(++handles)
      map.set(handles, value)
      return handle
    }
    const fileOf = (handle: Buffer): FileHandle => {
      const file = files.get(handle.readUInt32BE())
      if (file === undefined) throw new Error('no such handle')
      return file
    }

    sftp.on('REALPATH', (id, path) =>
      answer('REALPATH', id, path, async () =>
        sftp.name(id, [{ filename: join('/', path), longname: '', attrs: attrs() }]),
      ),
    )
    sftp.on('OPEN', (id, path, flags) =>
      answer('OPEN', id, path, async () =>
        sftp.handle(id, keep(files, await open(full(path), flagsToString(flags) ?? 'r'))),
      ),
    )
    sftp.on('WRITE', (id, handle, offset, data) =>
      answer('WRITE', id, '', async () => {
        await fileOf(handle).write(data, 0, data.length, offset)
        ok(id)
      }),
    )
    sftp.on('READ', (id, handle, offset, length) =>
      answer('READ', id, '', async () => {
        const { buffer, bytesRead } = await fileOf(handle).read(Buffer.alloc(length), 0, length, offset)
        if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF)
        else sftp.data(id, buffer.subarray(0, bytesRead))
      }),
    )
    sftp.on('CLOSE', (id, handle) =>
      answer('CLOSE', id, '', async () => {
        const number = handle.readUInt32BE()
        await files.get(number)?.close()
        files.delete(number)
        listings.delete(number)
        ok(id)
      }),
    )
    sftp.on('STAT', (id, path) =>
      answer('STAT', id, path, async () => sftp.attrs(id, attrs(await stat(full(path))))),
    )
    sftp.on('LSTAT', (id, path) =>
      answer('LSTAT', id, path, async () => sftp.attrs(id, attrs(await lstat(full(path))))),
    )
    sftp.on('MKDIR', (id, path) =>
      answer('MKDIR', id, path, async () => mkdir(full(path)).then(() => ok(id))),
    )
    sftp.on('RMDIR', (id, path) =>
      answer('RMDIR', id, path, async () => rmdir(full(path)).then(() => ok(id))),
    )
    sftp.on('REMOVE', (id, path) =>
      answer('REMOVE', id, path, async () => unlink(full(path)).then(() => ok(id))),
    )
    sftp.on('RENAME', (id, from, to) =>
      answer('RENAME', id, to, async () => {
        if (running.renamesOver) await rename(full(from), full(to))
        else {
          // As version 3 has it: not over what is there.
          await link(full(from), full(to))
          await unlink(full(from))
        }
        if (running.renameMovesTime !== 0) {
          const { atime, mtimeMs } = await stat(full(to))
          await utimes(full(to), atime, mtimeMs / 1000 + running.renameMovesTime)
        }
        ok(id)
      }),
    )
    sftp.on('OPENDIR', (id, path) =>
      answer('OPENDIR', id, path, async () =>
        sftp.handle(id, keep(listings, [path, ...(await readdir(full(path)))])),
      ),
    )
    sftp.on('READDIR', (id, handle) =>
      answer('READDIR', id, '', async () => {
        const [path = '', ...names] = listings.get(handle.readUInt32BE()) ?? []
        listings.set(handle.readUInt32BE(), [path])
        if (names.length === 0) return sftp.status(id, STATUS_CODE.EOF)
        const entries = await Promise.all(
          names.map(async (filename) => ({
            filename,
            longname: filename,
            attrs: attrs(await lstat(join(full(path), filename))),
          })),
        )
        return sftp.name(id, entries)
      }),
    )
  }
}

async function isRight(context: AuthContext, authorized: readonly ParsedKey[]): Promise<boolean> {
  if (context.method === 'keyboard-interactive') {
    const answers = await new Promise<string[]>((resolve) =>
      context.prompt([{ prompt: 'Password: ', echo: false }], resolve),
    )
    return answers[0] === password
  }
  if (context.method === 'password') return context.password === password
  if (context.method !== 'publickey') return false
  const { key, blob, signature, hashAlgo } = context
  const known = authorized.find(
    (one) => one.type === key.algo.replace(/^rsa-.*/, 'ssh-rsa') && one.getPublicSSH().equals(key.data),
  )
  if (known === undefined) return false
  // The first question is only whether the key would do.
  return signature === undefined || blob === undefined || known.verify(blob, signature, hashAlgo) === true
}

const attrs = (stats?: Stats) => ({
  mode: stats?.mode ?? constants.S_IFDIR,
  uid: 0,
  gid: 0,
  size: stats?.size ?? 0,
  atime: Math.floor((stats?.atimeMs ?? 0) / 1000),
  mtime: Math.floor((stats?.mtimeMs ?? 0) / 1000),
})

/** As OpenSSH translates the system's errors. */
function statusFor(thrown: unknown): number {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return STATUS_CODE.NO_SUCH_FILE
  if (code === 'EACCES' || code === 'EPERM') return STATUS_CODE.PERMISSION_DENIED
  if (code === 'ENAMETOOLONG' || code === 'EINVAL') return STATUS_CODE.BAD_MESSAGE
  return STATUS_CODE.FAILURE
}
