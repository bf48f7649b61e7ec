import { systemicError } from '../../../core/errors'
import type { DestinationContext } from '../../../plugin/destination'

/** How an SFTP server is reached, checked. */
export type SftpSettings = {
  host: string
  port: number
  user: string
  /** Absolute, or relative to the folder that the server opens with. No slash at the end, but for `/` itself. */
  root: string
  /** SHA-256 of the accepted host keys, in lower-case hex. */
  hostKeys: readonly string[]
  privateKey: string | undefined
  passphrase: string | undefined
  password: string | undefined
}

/**
 * Reads the inputs of an SFTP destination.
 * @param prefix of the inputs: `SFTP` for `SFTP_URL` and its like
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input and what to set
 */
export function readSftpSettings(prefix: string, context: DestinationContext): SftpSettings {
  const url = context.requireInput(
    `${prefix}_URL`,
    'set it to the server, such as sftp://user@sftp.example.com:22/inbox',
  )
  const fingerprints = context.requireInput(
    `${prefix}_HOST_KEY_SHA256`,
    'set it to the fingerprint that `ssh-keyscan <host> | ssh-keygen -lf -` prints (SHA256:...), after you have compared it with the one the server’s owner gave you',
  )
  const keyInput = context.input(`${prefix}_PRIVATE_KEY`)
  const privateKey = keyInput === undefined ? undefined : keyText(keyInput)
  const passphrase = context.input(`${prefix}_PASSPHRASE`)
  const password = context.input(`${prefix}_PASSWORD`)
  for (const secret of [keyInput, privateKey, passphrase, password]) context.redactor.add(secret)
  if (privateKey === undefined && password === undefined) {
    throw invalid(`${prefix}_PRIVATE_KEY`, `is not set: set it, or ${prefix}_PASSWORD`)
  }
  return {
    ...readUrl(`${prefix}_URL`, url),
    hostKeys: readFingerprints(`${prefix}_HOST_KEY_SHA256`, fingerprints),
    privateKey,
    passphrase,
    password,
  }
}

/** A line of .env, or of a secret store, carries line breaks as two characters, or the whole key in Base64. */
function keyText(value: string): string {
  const text = value.replaceAll('\\r', '').replaceAll('\\n', '\n').replaceAll('\r', '').trim()
  const isBase64 = /^[A-Za-z0-9+/\s]+={0,2}$/.test(text)
  return `${isBase64 ? Buffer.from(text, 'base64').toString('utf8').trim() : text}\n`
}

function readUrl(input: string, text: string): Pick<SftpSettings, 'host' | 'port' | 'user' | 'root'> {
  if (!URL.canParse(text)) throw invalid(input, 'is not a URL')
  const url = new URL(text)
  if (url.protocol !== 'sftp:') throw invalid(input, 'must begin with sftp://')
  // Nothing of the URL is shown here: what stands behind the colon is a secret.
  if (url.password !== '')
    throw invalid(input, 'must not carry a password: it belongs into an input of its own')
  if (url.username === '') throw invalid(input, 'must carry the user name: sftp://user@host/folder')
  if (url.hostname === '') throw invalid(input, 'must carry a host name')
  if (url.search !== '' || url.hash !== '') throw invalid(input, 'must end after the folder')
  try {
    return {
      host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? 22 : Number(url.port),
      user: decodeURIComponent(url.username),
      root: rootOf(decodeURIComponent(url.pathname)),
    }
  } catch {
    throw invalid(input, 'has a percent sign that stands for no character (write %25)')
  }
}

/** `/~/inbox` is relative to the folder that the server opens with, as elsewhere. */
function rootOf(path: string): string {
  const plain = path.replace(/\/+/g, '/').replace(/\/$/, '')
  if (plain === '/~') return '.'
  if (plain.startsWith('/~/')) return plain.slice(3)
  return plain === '' ? '/' : plain
}

function readFingerprints(input: string, text: string): readonly string[] {
  const found = text
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .map(toHex)
  if (found.length > 0 && found.every((item) => item !== undefined)) return found
  throw invalid(
    input,
    'must be `SHA256:...` as ssh-keygen prints it, or 64 hexadecimal digits; several separated by commas',
  )
}

function toHex(fingerprint: string): string | undefined {
  const base64 = /^SHA256:([A-Za-z0-9+/]{43})=?$/.exec(fingerprint)?.[1]
  if (base64 !== undefined) return Buffer.from(base64, 'base64').toString('hex')
  const hex = fingerprint.replaceAll(':', '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined
}

const invalid = (input: string, problem: string) => systemicError('INPUT_INVALID', `${input} ${problem}`)
