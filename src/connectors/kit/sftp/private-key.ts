import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import type ssh2 from 'ssh2'
import { wrongPrivateKey } from './errors'

/** A private key as the library takes it. */
export type PrivateKey = { privateKey: string; passphrase?: string }

/**
 * Makes sure that a private key can be read. The library knows OpenSSH's own format, PuTTY's and the old PEM of each
 * kind of key. PKCS#8, which OpenSSL 3 writes, is converted.
 * @param text the whole key
 * @param inputs prefix of the inputs, for the error
 * @throws {BridgeError} systemic, `INPUT_INVALID`, with nothing of the key in it
 */
export function readPrivateKey(
  { utils }: Pick<typeof ssh2, 'utils'>,
  text: string,
  passphrase: string | undefined,
  inputs: string,
): PrivateKey {
  const isReadable = (given: PrivateKey): boolean => {
    const parsed = utils.parseKey(given.privateKey, given.passphrase)
    return !(parsed instanceof Error) && !('message' in parsed)
  }
  const plain = { privateKey: text, ...(passphrase === undefined ? {} : { passphrase }) }
  if (isReadable(plain)) return plain
  const converted = convert(text, passphrase)
  if (converted === undefined || !isReadable({ privateKey: converted })) throw wrongPrivateKey(inputs)
  return { privateKey: converted }
}

/** Undefined when Node cannot read it, either, or when SSH knows no such kind of key. */
function convert(text: string, passphrase: string | undefined): string | undefined {
  try {
    const key = createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) })
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString()
    if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString()
    return key.asymmetricKeyType === 'ed25519' ? opensshEd25519(key) : undefined
  } catch {
    return undefined
  }
}

/** Ed25519 has no old PEM. The format is that of `PROTOCOL.key` in OpenSSH's source. */
function opensshEd25519(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]
  const kind = field('ssh-ed25519')
  const check = randomBytes(4)
  const secret = Buffer.concat([
    ...[check, check, kind],
    ...[field(point), field(Buffer.concat([seed, point])), field('')],
  ])
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1))
  const whole = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), field('none'), field('none'), field(''), Buffer.from([0, 0, 0, 1])],
    ...[field(Buffer.concat([kind, field(point)])), field(Buffer.concat([secret, padding]))],
  ])
  const lines = whole.toString('base64').replace(/.{70}/g, '$&\n')
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`
}

/** Bytes behind their length. */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
