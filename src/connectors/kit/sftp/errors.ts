import { BridgeError, permanentError, systemicError, transientError } from '../../../core/errors'
import { messageOf } from '../../../core/shown'
import { isWrongHost } from '../../../http/network-error'
import { inBrackets, reasonOfValue } from '../../../http/reason'

const upstream = 'SFTP'

/** Status codes of SFTP, version 3 and, from 9 on, later ones. */
export const sftpStatus = {
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
  noSpace: 14,
  quotaExceeded: 15,
} as const

/** The status a server answered; undefined when something else was thrown. */
export function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof BridgeError || typeof thrown !== 'object' || thrown === null) return undefined
  return 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : undefined
}

const textOf = (thrown: unknown, name: 'code' | 'level'): string | undefined => {
  if (typeof thrown !== 'object' || thrown === null || !(name in thrown)) return undefined
  const value: unknown = Reflect.get(thrown, name)
  return typeof value === 'string' ? value : undefined
}

/** What the server says along with a status (SFTP version 3, section 7). */
const saidBy = (thrown: unknown): string =>
  statusOf(thrown) === undefined ? '' : inBrackets(reasonOfValue(messageOf(thrown)))

/** The connection broke while it was in use. The next file gets a new one. */
export const connectionLost = (): BridgeError =>
  transientError('SFTP_LOST', 'the SFTP server closed the connection', { upstream })

/** The server keeps the connection open and answers nothing. */
export const stalled = (ms: number): BridgeError =>
  transientError('SFTP_STALLED', `the SFTP server answered nothing for ${ms} ms`, { upstream })

/** The server has no room for another session of the user. */
export const busy = (inputs: string): BridgeError =>
  transientError(
    'SFTP_BUSY',
    `the SFTP server closed the connection after it had greeted: the user of ${inputs}_URL has as many sessions as the server allows, as a rule. Where that is one, set the option connections to 1 in config/destinations.ts`,
    { upstream },
  )

/** Whether the server had no room for another session. */
export const isBusy = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.code === 'SFTP_BUSY'

const inputFor: Readonly<Record<string, string>> = {
  publickey: 'PRIVATE_KEY',
  password: 'PASSWORD',
  'keyboard-interactive': 'PASSWORD',
}

/**
 * The error for a failed connection: always systemic, since no file could be sent.
 * @param wanted the methods to log in that the server still wants
 */
export function toConnectError(thrown: unknown, inputs: string, wanted: readonly string[] = []): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  if (textOf(thrown, 'level') === 'client-authentication') {
    const names = new Set(wanted.flatMap((method) => inputFor[method] ?? []))
    const what = [...names].map((name) => `${inputs}_${name}`).join(' or ')
    const asks = what === '' ? '' : `; it asks for ${what}`
    return systemicError(
      'SFTP_UNAUTHORIZED',
      `the SFTP server refused the user: check ${inputs}_URL, ${inputs}_PRIVATE_KEY and ${inputs}_PASSWORD${asks}`,
      { upstream },
    )
  }
  if (textOf(thrown, 'level') === 'handshake') {
    return systemicError('SFTP_HANDSHAKE', 'the SFTP server has no algorithm in common with this client', {
      upstream,
    })
  }
  const ended =
    textOf(thrown, 'level') === 'client-timeout' ? 'it does not greet' : 'it closes the connection at once'
  const why = textOf(thrown, 'code') ?? ended
  return systemicError('SFTP_UNREACHABLE', `no connection to the server in ${inputs}_URL: ${why}`, {
    upstream,
  })
}

/** Tells whether the same attempt may succeed in a moment: a busy server drops connections before it greets. */
export const isWorthAnotherTry = (thrown: unknown): boolean =>
  !(thrown instanceof BridgeError) &&
  (textOf(thrown, 'level') ?? 'client-socket') === 'client-socket' &&
  !isWrongHost(textOf(thrown, 'code') ?? '') &&
  textOf(thrown, 'code') !== 'ETIMEDOUT'

/** The host key of the server is not one of the accepted keys. */
export const wrongHostKey = (presented: string, inputs: string): BridgeError =>
  systemicError(
    'SFTP_HOST_KEY',
    `the SFTP server showed another key than ${inputs}_HOST_KEY_SHA256 names: SHA256:${presented}. Ask its owner before you trust it`,
    { upstream },
  )

/** The inputs hold a key that cannot be read, and the message of the library is about its content. */
export const wrongPrivateKey = (inputs: string): BridgeError =>
  systemicError(
    'INPUT_INVALID',
    `${inputs}_PRIVATE_KEY cannot be read: it must be a whole private key (OpenSSH, PEM or PKCS#8; Ed25519, ECDSA or RSA), on one line with \\n for line breaks or in Base64, and ${inputs}_PASSPHRASE must fit it. Another format is converted by \`ssh-keygen -p -f <file>\`, PuTTY's by \`puttygen <file> -O private-openssh\``,
  )

/** A failed write: SFTP has no status for a full disk but "failure". */
export const writeFailed = (path: string, status: number, thrown: unknown): BridgeError =>
  systemicError(
    'SFTP_UNWRITABLE',
    `the SFTP server does not take the bytes of ${path} (status ${status})${saidBy(thrown)}: its disk is full, as a rule, or the quota used up`,
    { upstream },
  )

/** The root does not take a file. */
export const rootUnusable = (inputs: string, status: number | undefined, thrown: unknown): BridgeError =>
  systemicError(
    'SFTP_ROOT_UNUSABLE',
    `the folder in ${inputs}_URL cannot be used (status ${status ?? 'unknown'})${saidBy(thrown)}: it must be a folder that the user may write to`,
    { upstream },
  )

/** What a user may be kept from. */
export type SftpRight = 'read' | 'look' | 'rename' | 'delete' | 'folder' | 'hidden'

const shortcomings: Readonly<Record<SftpRight, string>> = {
  read: 'may not read files (status 3): let the user do so',
  look: 'may not look at files (status 3): let the user do so',
  rename:
    'may not rename files (status 3): let the user do so, or set the option inPlace in config/destinations.ts, which writes a file under its own name from the first byte',
  delete: 'may not delete files (status 3): let the user do so',
  folder: 'may not create folders (status 3): let the user do so, or use keys without folders',
  hidden:
    "may not write files whose names begin with a dot (status 3): allow them, or set the option ownNames to 'visible' in config/destinations.ts",
}

/** The user may not do it anywhere: no fault of the file. */
export const notAllowed = (right: SftpRight, inputs: string): BridgeError =>
  systemicError('SFTP_FORBIDDEN', `the user of ${inputs}_URL ${shortcomings[right]}`, { upstream })

/** Something that is no file where a file should be, or the other way round. */
export const wrongKind = (path: string): BridgeError =>
  permanentError(
    'SFTP_REFUSED',
    `${path} cannot be stored: a folder stands in place of a file, or a file in place of a folder`,
    {
      upstream,
    },
  )

/** Any other status, on a path below a root that is in order. */
export function toSftpError(status: number, path: string, thrown: unknown): BridgeError {
  const message = `the SFTP server failed on ${path} with status ${status}${saidBy(thrown)}`
  switch (status) {
    case sftpStatus.permissionDenied:
    case sftpStatus.badMessage:
    case sftpStatus.unsupported:
      return permanentError('SFTP_REFUSED', message, { upstream })
    case sftpStatus.noSpace:
    case sftpStatus.quotaExceeded:
      return systemicError('SFTP_UNWRITABLE', message, { upstream })
    default:
      return transientError('SFTP_FAILED', message, { upstream })
  }
}
