import { createCipheriv, createSecretKey, type KeyObject, randomFillSync } from 'node:crypto'
import type { Client } from 'ssh2'

/** What the library keeps for the packets it sends, as far as it is needed here. */
type Sender = {
  _encSSLName: 'aes-128-gcm' | 'aes-256-gcm'
  _encKey: Buffer
  /** Fixed field and counter of RFC 5647, 12 bytes. */
  _encIV: Buffer
  _onWrite(bytes: Buffer): unknown
  outSeqno: number
}

/** A channel's packet carries 32 KiB with OpenSSH. Larger ones get memory of their own. */
const usualPacketBytes = 40 * 1024
const randomBytes = 8 * 1024
const lengthBytes = 4

/**
 * Makes the library's AES-GCM cheaper, without a change to what is sent. It hands its key to Node with every packet as
 * bytes, of which Node 24 takes 20 µs to find out that they are no key object; it asks the system for a few random
 * bytes with every packet; and it takes new memory for each. Together that is a third of the work of an upload. To be
 * called after each exchange of keys. Where the library looks different one day, nothing happens.
 */
export function speedUpCipher(client: Client): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isObject(protocol)) return
  const receiver: unknown = Reflect.get(protocol, '_decipher')
  const receiverKey: unknown = isObject(receiver) ? Reflect.get(receiver, '_decipherKey') : undefined
  if (isObject(receiver) && Buffer.isBuffer(receiverKey))
    Reflect.set(receiver, '_decipherKey', createSecretKey(receiverKey))
  const sender: unknown = Reflect.get(protocol, '_cipher')
  if (isSender(sender)) Object.assign(sender, packetsOf(sender, createSecretKey(sender._encKey)))
}

function packetsOf(sender: Sender, key: KeyObject) {
  const scratch = Buffer.allocUnsafeSlow(usualPacketBytes)
  const random = Buffer.allocUnsafeSlow(randomBytes)
  let used = randomBytes

  return { _encKey: key, allocPacket, encrypt }

  /** Used again for the next packet: the library fills it and has it encrypted without a pause. */
  function allocPacket(payloadLength: number): Buffer {
    const paddingLength = paddingFor(1 + payloadLength)
    const length = lengthBytes + 1 + payloadLength + paddingLength
    const packet = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length)
    packet.writeUInt32BE(length - lengthBytes, 0)
    packet[lengthBytes] = paddingLength
    if (used + paddingLength > random.length) {
      randomFillSync(random)
      used = 0
    }
    random.copy(packet, lengthBytes + 1 + payloadLength, used, used + paddingLength)
    used += paddingLength
    return packet
  }

  function encrypt(packet: Buffer): void {
    const cipher = createCipheriv(sender._encSSLName, key, sender._encIV)
    const length = Buffer.from(packet.subarray(0, lengthBytes))
    cipher.setAAD(length)
    const body = cipher.update(packet.subarray(lengthBytes))
    cipher.final()
    sender._onWrite(length)
    sender._onWrite(body)
    sender._onWrite(cipher.getAuthTag())
    countUp(sender._encIV)
    sender.outSeqno = (sender.outSeqno + 1) >>> 0
  }
}

/** At least four bytes, to a multiple of the block size. */
function paddingFor(length: number): number {
  const padding = 16 - (length % 16)
  return padding < 4 ? padding + 16 : padding
}

/** The last eight bytes are a counter: a pair of key and counter must never be used twice. */
function countUp(iv: Buffer): void {
  for (let index = 11; index >= 4; index--) {
    const next = ((iv[index] ?? 0) + 1) & 0xff
    iv[index] = next
    if (next !== 0) return
  }
}

function isSender(value: unknown): value is Sender {
  if (!isObject(value)) return false
  const field = (name: keyof Sender): unknown => Reflect.get(value, name)
  const name = field('_encSSLName')
  const iv = field('_encIV')
  return (
    (name === 'aes-128-gcm' || name === 'aes-256-gcm') &&
    Buffer.isBuffer(field('_encKey')) &&
    Buffer.isBuffer(iv) &&
    iv.length === 12 &&
    typeof field('_onWrite') === 'function' &&
    typeof field('outSeqno') === 'number' &&
    typeof Reflect.get(value, 'allocPacket') === 'function' &&
    typeof Reflect.get(value, 'encrypt') === 'function'
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
