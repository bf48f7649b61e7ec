import type { DestinationContext } from '../../../plugin/destination'
import { declareInputs, inputError, type Parsed, text, valuesOf } from '../../../plugin/inputs'

/** The inputs of an SFTP destination, behind their prefix. */
export const sftpInputs = declareInputs({
  URL: {
    meaning: 'The server with user, port and folder, as a URL. The folder is created when it is missing.',
    required: true,
    example: 'sftp://user@sftp.example.com:22/inbox',
    shape: server,
  },
  HOST_KEY_SHA256: {
    meaning:
      'The fingerprint that `ssh-keyscan <host> | ssh-keygen -lf -` prints (SHA256:...), after you have compared it with the one that its owner gave you. Several are separated by commas.',
    required: true,
    shape: fingerprints,
  },
  PRIVATE_KEY: {
    meaning:
      'The whole private key (OpenSSH, PEM or PKCS#8), on one line: with \\n for line breaks, or in Base64.',
    required: 'unless there is a password',
    shape: keyText,
    secret: true,
  },
  PASSPHRASE: {
    meaning: 'The passphrase of the private key.',
    unset: 'none',
    shape: text,
    secret: true,
    anyText: true,
  },
  PASSWORD: {
    meaning: 'The password of the user.',
    required: 'unless there is a private key',
    shape: text,
    secret: true,
    anyText: true,
  },
})

/** How an SFTP server is reached, checked. */
export type SftpSettings = Place & {
  /** SHA-256 of the accepted host keys, in lower-case hex. */
  hostKeys: readonly string[]
  privateKey: string | undefined
  passphrase: string | undefined
  password: string | undefined
}

type Place = {
  host: string
  port: number
  user: string
  /** Absolute, or relative to the folder that the server opens with. No slash at the end, but for `/` itself. */
  root: string
}

/**
 * Reads the inputs of an SFTP destination. What is secret is made known.
 * @param prefix of the inputs: `SFTP` for `SFTP_URL` and its like
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong and what to set
 */
export function readSftpSettings(prefix: string, context: DestinationContext): SftpSettings {
  const values = valuesOf(sftpInputs, context, { prefix })
  const { PRIVATE_KEY: privateKey, PASSPHRASE: passphrase, PASSWORD: password } = values
  context.redactor.add(privateKey)
  if (privateKey === undefined && password === undefined) {
    throw inputError(`${prefix}_PRIVATE_KEY is not set: set it, or ${prefix}_PASSWORD`)
  }
  return { ...values.URL, hostKeys: values.HOST_KEY_SHA256, privateKey, passphrase, password }
}

/** A line of .env, or of a secret store, carries line breaks as two characters, or the whole key in Base64. */
function keyText(value: string): Parsed<string> {
  const text = value.replaceAll('\\r', '').replaceAll('\\n', '\n').replaceAll('\r', '').trim()
  const isBase64 = /^[A-Za-z0-9+/\s]+={0,2}$/.test(text)
  return { value: `${isBase64 ? Buffer.from(text, 'base64').toString('utf8').trim() : text}\n` }
}

function server(text: string): Parsed<Place> {
  // A host with a port and no scheme is a URL, too, with the host as its scheme.
  if (!/^sftp:\/\//i.test(text)) return { problem: 'must begin with sftp://, as in sftp://user@host/folder' }
  if (!URL.canParse(text)) return { problem: 'is not a URL' }
  const url = new URL(text)
  // The URL is not shown: the part behind the colon is a secret.
  if (url.password !== '')
    return { problem: 'must not carry a password: it belongs into an input of its own' }
  if (url.username === '') return { problem: 'must carry the user name: sftp://user@host/folder' }
  if (url.hostname === '') return { problem: 'must carry a host name' }
  if (url.search !== '' || url.hash !== '') return { problem: 'must end after the folder' }
  try {
    return {
      value: {
        host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
        port: url.port === '' ? 22 : Number(url.port),
        user: decodeURIComponent(url.username),
        root: rootOf(decodeURIComponent(url.pathname)),
      },
    }
  } catch {
    return { problem: 'has a percent sign that stands for no character (write %25)' }
  }
}

/** `/~/inbox` is relative to the folder that the server opens with, as elsewhere. */
function rootOf(path: string): string {
  const plain = path.replace(/\/+/g, '/').replace(/\/$/, '')
  if (plain === '/~') return '.'
  if (plain.startsWith('/~/')) return plain.slice(3)
  return plain === '' ? '/' : plain
}

/** Takes what people have: a fingerprint in any notation, or the lines of `ssh-keygen -l`, with quotes or without. */
function fingerprints(text: string): Parsed<readonly string[]> {
  const items = text
    // A line of .env carries a line break as two characters.
    .split(/\n|\\n/)
    .flatMap(itemsOfLine)
  const found = items.map(toHex)
  if (found.length > 0 && found.every((item) => item !== undefined)) return { value: found }
  if (items.some((item) => md5.test(item))) {
    return {
      problem:
        'names an MD5 fingerprint, which is not safe: `ssh-keyscan <host> | ssh-keygen -l -E sha256 -f -` prints the SHA-256 one',
    }
  }
  if (items.some((item) => wholeKey.test(item))) {
    return {
      problem:
        'is a whole key, not its fingerprint: `ssh-keyscan <host> | ssh-keygen -lf -` prints that, as `SHA256:...`',
    }
  }
  return {
    problem:
      'must be `SHA256:...` as ssh-keygen prints it, or 64 hexadecimal digits; several separated by commas',
  }
}

const md5 = /^(MD5:.*|([0-9a-f]{2}:?){15}[0-9a-f]{2})$/i
/** A public key begins with the length of its algorithm's name (RFC 4253, section 6.6). */
const wholeKey = /^AAAA[A-Za-z0-9+/]{40}/
const hasAlgorithm = /^(SHA256|MD5):/i

/** `256 SHA256:... files.example.com (ED25519)` is the line of one key: its size and its comment say nothing. */
function itemsOfLine(line: string): readonly string[] {
  const items: string[] = []
  let isComment = false
  const words = line.split(/[\s,"']+/).filter((word) => word !== '')
  for (const [index, word] of words.entries()) {
    if (/^\d{3,5}$/.test(word) && hasAlgorithm.test(words[index + 1] ?? '')) continue
    if (!isComment || hasAlgorithm.test(word)) {
      items.push(word)
      isComment = /^\d{3,5}$/.test(words[index - 1] ?? '')
    } else if (/^\([A-Z0-9-]+\)$/.test(word)) isComment = false
  }
  return items
}

function toHex(fingerprint: string): string | undefined {
  const base64 = /^(?:SHA256:)?([A-Za-z0-9+/]{43})=?$/i.exec(fingerprint)?.[1]
  if (base64 !== undefined) return Buffer.from(base64, 'base64').toString('hex')
  const hex = fingerprint.replaceAll(':', '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined
}
