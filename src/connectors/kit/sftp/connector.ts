import { createHash } from 'node:crypto'
import { connect as connectSocket, type Socket } from 'node:net'
import type { Client, ConnectConfig, ServerHostKeyAlgorithm, SFTPWrapper } from 'ssh2'
import type { Clock } from '../../../core/clock'
import type { BridgeError } from '../../../core/errors'
import { trimEndOf } from '../../../core/trim'
import { retry } from '../../../http/retry'
import { connectionOf, type SftpConnection } from './connection'
import { busy, isBusy, isWorthAnotherTry, toConnectError, wrongHostKey } from './errors'
import type { SftpSettings } from './inputs'
import { createLogin } from './login'
import { readPrivateKey } from './private-key'

/** What the inputs do not contain. */
export type ConnectionRules = {
  /** Prefix of the inputs, for errors. */
  inputs: string
  /** How long the server may answer nothing, in milliseconds. */
  idleMs: number
  clock: Clock
  /** A number from 0 up to 1, for the jitter of waits. */
  random: () => number
}

/** How often a server is tried that drops the connection before it is ready. */
export type Patience = 'usual' | 'once'

const connectMs = 10_000
const readyMs = 20_000
const maxAttempts = 3
const backoff = { baseMs: 300, capMs: 2_000 }

/** The algorithms of host keys by the type of the key, best first. */
const hostKeyAlgorithms: readonly [type: string, ...algorithms: ServerHostKeyAlgorithm[]][] = [
  ['ssh-ed25519', 'ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384'],
  ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521'],
  ['ssh-rsa', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
]

/**
 * Makes what connects to a server: up to three times when the server drops the connection before it is ready. A server
 * has several host keys, as a rule, and shows the one of the best algorithm. When the inputs name another one, the
 * other algorithms are asked for before the server is judged; the one that fits is kept for the next connection.
 * @returns throws {BridgeError} systemic; transient, `SFTP_BUSY`, when the server has no room for another session
 */
export function createConnector(
  settings: SftpSettings,
  rules: ConnectionRules,
): (patience?: Patience) => Promise<SftpConnection> {
  const { clock, random, inputs } = rules
  /** Types of host keys that are not asked for: the server has shown them, and the inputs name another one. */
  let foreign: ReadonlySet<string> = new Set()

  return (patience = 'usual') =>
    retry(
      {
        clock,
        random,
        attempts: patience === 'once' ? 1 : maxAttempts,
        backoff,
        toError: (thrown) => toConnectError(thrown, inputs),
        mayPass: (error, thrown) => isBusy(error) || isWorthAnotherTry(thrown),
      },
      // Not bound to the signal of one file: the others that wait for the connection may have more time.
      { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY },
      connectByAnyKey,
    )

  async function connectByAnyKey(): Promise<SftpConnection> {
    const left = new Set(foreign)
    foreign = new Set()
    const connection = await connectBut(left)
    foreign = left
    return connection
  }

  /** @param left grows by the types that are found to be foreign */
  async function connectBut(left: Set<string>, first?: BridgeError): Promise<SftpConnection> {
    const shown: ShownKey = {}
    try {
      return await connectOnce(settings, rules, left, shown)
    } catch (thrown) {
      // Without a further key, the server finds no algorithm in common: the key that it prefers is the wrong one.
      const refusal = first ?? shown.refusal
      if (shown.type === undefined || left.has(shown.type)) throw refusal ?? thrown
      left.add(shown.type)
      if (left.size === hostKeyAlgorithms.length) throw refusal ?? thrown
      return connectBut(left, refusal)
    }
  }
}

/** The host key that a server showed and the inputs do not name. */
type ShownKey = { type?: string; refusal?: BridgeError }

async function connectOnce(
  settings: SftpSettings,
  { inputs, idleMs }: ConnectionRules,
  unknownTypes: ReadonlySet<string>,
  shown: ShownKey,
): Promise<SftpConnection> {
  const { default: ssh2 } = await import('ssh2')
  const key =
    settings.privateKey === undefined
      ? undefined
      : readPrivateKey(ssh2, settings.privateKey, settings.passphrase, inputs)
  const socket = await openSocket(settings.host, settings.port)
  const client = new ssh2.Client()
  const login = createLogin(settings)
  let greeted = false
  const config: ConnectConfig = {
    sock: socket,
    username: settings.user,
    readyTimeout: readyMs,
    hostVerifier: (blob: Buffer) => {
      greeted = true
      const digest = createHash('sha256').update(blob).digest()
      const known = settings.hostKeys.includes(digest.toString('hex'))
      if (!known) {
        shown.type = blob.toString('latin1', 4, 4 + blob.readUInt32BE())
        shown.refusal = wrongHostKey(trimEndOf(digest.toString('base64'), '='), inputs)
      }
      return known
    },
    authHandler: login.handler,
    ...(unknownTypes.size === 0 ? {} : { algorithms: { serverHostKey: algorithmsBut(unknownTypes) } }),
    ...key,
    ...(settings.password === undefined ? {} : { password: settings.password, tryKeyboard: true }),
  }
  client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) => {
    answer(prompts.map(() => settings.password ?? ''))
  })
  try {
    const sftp = await ready(client, config)
    return connectionOf(client, sftp, socket, idleMs)
  } catch (thrown) {
    socket.destroy()
    if (shown.refusal !== undefined) throw shown.refusal
    const error = toConnectError(thrown, inputs, login.wanted())
    // It has shown its key, and then closes: it has no room for another session, as a rule.
    if (greeted && error.code === 'SFTP_UNREACHABLE') throw busy(inputs)
    throw error.code === 'SFTP_UNAUTHORIZED' ? error : thrown
  }
}

const algorithmsBut = (types: ReadonlySet<string>): ServerHostKeyAlgorithm[] =>
  hostKeyAlgorithms.flatMap(([type, ...algorithms]) => (types.has(type) ? [] : algorithms))

/** The app's own socket, so that small packets are sent without delay and an idle connection lets the process end. */
function openSocket(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host, port, noDelay: true })
    socket.setTimeout(connectMs, () => {
      socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
    })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function ready(client: Client, config: ConnectConfig): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.on('error', reject)
    client.on('close', () => reject(new Error('closed')))
    client.on('ready', () => {
      client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)))
    })
    client.connect(config)
  })
}
