import { createHash } from 'node:crypto'
import type { Asset } from '../core/asset'
import { permanentError } from '../core/errors'

/** How an asset's place in a destination is made from its place in AEM. */
export type KeyTemplate = (asset: KeySource) => string

/** What a key may be made from. Only the path is still known when an asset is gone. */
export type KeySource = Pick<Asset, 'path' | 'name' | 'metadata'>

const damRoot = '/content/dam/'
const maxSegmentBytes = 200
const maxKeyBytes = 900
const hashLength = 12

/** The path below `/content/dam/`: `shop/lamp.png`. */
export const pathBelowDam = (): KeyTemplate => (asset) => asset.path.slice(damRoot.length)

/** All files side by side; a hash of the path keeps files of one name apart: `lamp-3f9a0c1d2e4b.png`. */
export const flat = (): KeyTemplate => (asset) => withSuffix(asset.name, hashOf(asset.path))

/**
 * Turns a template's text into a key that every destination can hold, below its root, one for each text.
 * @param isTaken tells names that files of another kind bear; a file that is named like one gets a hash
 */
export function safeKey(text: string, isTaken: (name: string) => boolean = () => false): string {
  const segments = text.split('/').filter((segment) => segment !== '')
  const key = segments
    .map((segment, index) => {
      const safe = safeSegment(segment)
      const isFile = index === segments.length - 1
      return isFile && safe === segment && isTaken(segment) ? withSuffix(segment, hashOf(segment)) : safe
    })
    .join('/')
  if (key === '')
    throw permanentError('KEY_EMPTY', 'the key template in config/destinations.ts gave an empty key')
  if (Buffer.byteLength(key) <= maxKeyBytes) return key
  return `${hashOf(text)}-${safeSegment(text.slice(text.lastIndexOf('/') + 1))}`
}

/**
 * Names that some destination refuses, or reads as something else, are written differently; the hash of the original
 * keeps two of them apart, and from a file that bears the changed name by itself.
 */
function safeSegment(segment: string): string {
  const normal = segment.toWellFormed().normalize('NFC')
  const cleaned = [...normal]
    .map((character) => (isUnsafe(character) ? '_' : character))
    .join('')
    .replace(/[. ]+$/, (tail) => '_'.repeat(tail.length))
    .replace(/^\./, '_')
    .replace(/\.part$/i, '_part')
  const short = shorten(cleaned)
  return short === segment && !hashed.test(segment) ? segment : withSuffix(short, hashOf(segment))
}

/** A name that looks as if it had been made by `withSuffix` could be taken for one that was. */
const hashed = new RegExp(`-[0-9a-f]{${hashLength}}(\\.[^.]*)?$`)

function isUnsafe(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || '\\:*?"<>|'.includes(character)
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= maxSegmentBytes) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : ''
  const room = maxSegmentBytes - Buffer.byteLength(extension) - hashLength - 1
  let head = ''
  for (const character of name) {
    if (Buffer.byteLength(head + character) > room) break
    head += character
  }
  return `${head}${extension}`
}

/** Before the extension, so that the file keeps its kind. */
function withSuffix(name: string, suffix: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? `${name.slice(0, dot)}-${suffix}${name.slice(dot)}` : `${name}-${suffix}`
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, hashLength)
