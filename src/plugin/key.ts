import { createHash } from 'node:crypto'
import type { Asset } from '../core/asset'
import { permanentError, systemicError } from '../core/errors'
import { type JsonValue, nonEmptyString } from '../core/json'
import { trimEndOf } from '../core/trim'

/** How an asset's place in a destination is made from what AEM says about it. */
export type KeyTemplate = ((asset: KeySource, config?: KeyConfig) => string) & {
  /** It needs nothing but path and name, so that the place is still known when the asset is gone. @default false */
  readonly pathOnly?: boolean
  /** Its last segment bears a hash of the path already, so that no two assets share one. @default false */
  readonly isHashed?: boolean
}

/** What config/ says that a key may depend on. */
export type KeyConfig = {
  /** The property that links an asset to its products, as config/enrichment.ts says. */
  linkProperty: string
}

/** What a key may be made from. Only path and name are still known when an asset is gone. */
export type KeySource = Pick<Asset, 'path' | 'name' | 'metadata'> & Partial<Pick<Asset, 'repository'>>

const damRoot = '/content/dam/'
const maxSegmentBytes = 200
const maxKeyBytes = 900
const hashLength = 12

/** The path below `/content/dam/`: `shop/lamp.png`. */
export const pathBelowDam = (): KeyTemplate =>
  Object.assign(({ path }: KeySource) => (path.startsWith(damRoot) ? path.slice(damRoot.length) : ''), {
    pathOnly: true,
  })

/** All files side by side; a hash of the path keeps files of one name apart: `lamp-3f9a0c1d2e4b.png`. */
export const flat = (): KeyTemplate => hashed(uniqueName, { pathOnly: true })

/**
 * A folder a product, named by its SKU: `MockSKU 123/lamp-3f9a0c1d2e4b.png`. The first SKU counts where there are
 * several. When it changes, the file is exported to its new place, and the old one stays.
 * @param property of the asset's metadata that holds the SKU; the link property of `config/enrichment.ts` by default
 * @param without the folder of files that have no SKU
 */
export const bySku = (property?: string, without = 'without-sku'): KeyTemplate =>
  hashed((asset, config) => {
    const sku = segmentOf(textOf(asset.metadata[property ?? linkOf(config)]))
    return `${sku ?? without}/${uniqueName(asset)}`
  })

function linkOf(config: KeyConfig | undefined): string {
  if (config !== undefined) return config.linkProperty
  throw systemicError(
    'CONFIG_INVALID',
    'a key of config/destinations.ts calls bySku() without its second argument: hand on what the key itself was given, or name the property',
  )
}

/**
 * A folder a day, in UTC: `2025/03/09/lamp-3f9a0c1d2e4b.png`. A date that moves, such as that of the last change, brings
 * a new file each time, and the old ones stay.
 * @param property that holds an ISO 8601 date, sought in the asset's metadata, then in what the repository says
 * @param without the folder of files that have no such date
 */
export const byDate = (property = 'repo:createDate', without = 'undated'): KeyTemplate =>
  hashed(
    (asset) =>
      `${dayOf(textOf(asset.metadata[property]) ?? textOf(asset.repository?.[property])) ?? without}/${uniqueName(asset)}`,
  )

const hashed = (
  template: (asset: KeySource, config?: KeyConfig) => string,
  { pathOnly = false }: { pathOnly?: boolean } = {},
): KeyTemplate =>
  Object.assign((asset: KeySource, config?: KeyConfig) => template(asset, config), {
    pathOnly,
    isHashed: true,
  })

const uniqueName = ({ name, path }: KeySource): string =>
  withSuffix(name === '' ? path.slice(path.lastIndexOf('/') + 1) : name, hashOf(path))

/** Of several values the first. */
function textOf(value: JsonValue | undefined): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value
  return typeof first === 'number' ? String(first) : nonEmptyString(first)?.trim()
}

/** A slash in a SKU must not make a folder. Two SKUs may then share one, which the file names stand. */
const segmentOf = (text: string | undefined): string | undefined => text?.replaceAll('/', '_')

const isoDate = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/

function dayOf(text: string | undefined): string | undefined {
  const [, day, time = '00:00', zone = 'Z'] = isoDate.exec(text ?? '') ?? []
  const moment = new Date(`${day}T${time}${zone}`)
  if (day === undefined || Number.isNaN(moment.getTime())) return undefined
  return moment.toISOString().slice(0, 10).replaceAll('-', '/')
}

/**
 * Turns a template's text into a key that every destination can hold, below its root, one for each text.
 * @param options.isTaken tells names that files of another kind bear; a file that is named like one gets a hash
 * @param options.isHashed whether the last segment bears a hash of the path already
 * @throws {BridgeError} permanent, `KEY_EMPTY`
 */
export function safeKey(
  text: string,
  {
    isTaken = () => false,
    isHashed = false,
  }: { isTaken?: (name: string) => boolean; isHashed?: boolean } = {},
): string {
  const segments = text.split('/').filter((segment) => segment !== '')
  // So many are too long together, whatever becomes of each.
  const key = segments.length > maxKeyBytes ? text : keyOf(segments, isTaken, isHashed)
  if (key === '')
    throw permanentError(
      'KEY_EMPTY',
      'the key template in config/destinations.ts gave an empty key: the asset does not lie below /content/dam/',
    )
  if (Buffer.byteLength(key) <= maxKeyBytes) return key
  return withSuffix(safeSegment(text.slice(text.lastIndexOf('/') + 1)), hashOf(text))
}

function keyOf(segments: readonly string[], isTaken: (name: string) => boolean, isHashed: boolean): string {
  return segments
    .map((segment, index) => {
      const isFile = index === segments.length - 1
      const safe = safeSegment(segment, isFile && isHashed)
      return isFile && safe === segment && isTaken(segment) ? withSuffix(segment, hashOf(segment)) : safe
    })
    .join('/')
}

/** The key of a file that stands beside another one, `<key>.<ending>`; the key itself stays as it is. */
export function keyBeside(key: string, ending: string): string {
  const slash = key.lastIndexOf('/') + 1
  const name = safeSegment(`${key.slice(slash)}.${ending.replaceAll('/', '_')}`, true)
  return `${key.slice(0, slash)}${name}`
}

/**
 * Names that some destination refuses, or reads as something else, are written differently; the hash of the original
 * keeps two of them apart, and from a file that bears the changed name by itself.
 */
function safeSegment(segment: string, isHashed = false): string {
  const normal = segment.toWellFormed().normalize('NFC')
  const safe = [...normal].map((character) => (isUnsafe(character) ? '_' : character)).join('')
  const cleaned = trimEndOf(safe, '. ')
    .padEnd(safe.length, '_')
    .replace(/^\./, '_')
    .replace(/\.part$/i, '_part')
    .replace(windowsDevice, '_$&')
  const short = shorten(cleaned)
  return short === segment && (isHashed || !looksHashed.test(segment))
    ? segment
    : withSuffix(short, hashOf(segment))
}

/** Windows takes these for devices, whatever their extension. */
const windowsDevice = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i

/** A name that looks as if it had been made by `withSuffix` could be taken for one that was. */
const looksHashed = /-[0-9a-f]{12}(\.[^.]*)?$/

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
  if (extension !== '') return `${head}${extension}`
  // The cut may have made an end of what was inside, and the hash goes before a dot.
  const end = head.indexOf('.', trimEndOf(head, '. ').length)
  return (end < 0 ? head : head.slice(0, end).padEnd(head.length, '_')).replace(/\.part$/i, '_part')
}

/** Before the extension, so that the file keeps its kind. */
function withSuffix(name: string, suffix: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? `${name.slice(0, dot)}-${suffix}${name.slice(dot)}` : `${name}-${suffix}`
}

/** Of UTF-16, since UTF-8 writes all broken characters alike. */
const hashOf = (text: string): string =>
  createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex').slice(0, hashLength)
