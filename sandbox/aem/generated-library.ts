import { createContent, type NewContent, sha1Of } from '../content'
import type { JsonObject } from '../json'
import { type AemAsset, usualRepository } from './asset'

/**
 * A library that is made of numbers: an asset is made when someone looks at it, and the same one each time. A hundred
 * thousand of them take no memory and no time to start.
 */
export type GeneratedLibrary = {
  size: number
  /** The asset with this number, from 0; the later it was created, the greater the number. */
  at(number: number): AemAsset
  /** Milliseconds since the epoch. */
  createdAt(number: number): number
  idAt(number: number): string
  /** The number of the asset; undefined when it is none of these. */
  ofId(id: string): number | undefined
  ofPath(path: string): number | undefined
  hasFolder(path: string): boolean
  contentAt(number: number): NewContent
}

const ROOT = '/content/dam/library'
const FOLDERS = 40
const DAY = 24 * 60 * 60_000
/** The share that came before the bulk import, and with it. */
const BEFORE = 0.3
const WITH = 0.5
const BULK = `${ROOT}/import`
const CONTENTS = 64

const hex = (number: number, length: number): string => number.toString(16).padStart(length, '0')
/** An odd factor and its inverse modulo 2^32: neighbours get ids that are far from each other. */
const FACTOR = 0x9e3779b1
const INVERSE = inverseOf(FACTOR)

function inverseOf(factor: number): number {
  let inverse = factor
  for (let round = 0; round < 5; round++) inverse = Math.imul(inverse, 2 - Math.imul(factor, inverse))
  return inverse >>> 0
}

/** The product behind the asset with this number. Two assets of three have one of their own. */
const skuAt = (number: number): string => `LIB-${String(number).padStart(6, '0')}`

/** Every tenth is unknown to the PIM. */
export const libraryProduct = (identifier: string, size: number): JsonObject | undefined => {
  const number = Number(/^LIB-(\d{6,})$/.exec(identifier)?.[1])
  if (!(number < size) || skuAt(number) !== identifier || number % 10 === 3) return undefined
  return { sku: identifier, name: `Product ${identifier}`, supplier: `Supplier ${number % 17}` }
}

/**
 * Makes a library of so many assets, over the three years before `now`. A fifth came on one day in one moment, by an
 * import into one folder. Of ten assets, one was never published, one was withdrawn, one was changed after its
 * publication, and one names a product that the PIM does not know. Three of four name their product in
 * `wknd-skuid`; all have it as their file name. Half ask for an export to `folder`.
 */
export const createGeneratedLibrary = (options: {
  size: number
  host: string
  /** Milliseconds since the epoch. */
  now: number
}): GeneratedLibrary => {
  const { size, host, now } = options
  const first = now - 3 * 365 * DAY
  const moment = now - 365 * DAY
  const isBulk = (number: number): boolean => number >= size * BEFORE && number < size * WITH

  const createdAt = (number: number): number => {
    if (isBulk(number)) return moment
    if (number < size * BEFORE) return first + Math.floor((number / (size * BEFORE)) * (moment - first - DAY))
    const share = (number - size * WITH) / (size * (1 - WITH))
    return moment + DAY + Math.floor(share * 363 * DAY)
  }
  const uuidAt = (number: number): string =>
    `${hex(Math.imul(number, FACTOR) >>> 0, 8)}-11b0-4000-8000-${hex(number, 12)}`
  const idAt = (number: number): string => `urn:aaid:aem:${uuidAt(number)}`
  const isOurs = (number: number): boolean => Number.isInteger(number) && number >= 0 && number < size
  const extensionAt = (number: number): string =>
    number % 20 === 7 ? 'pdf' : number % 20 === 14 ? 'mp4' : 'jpg'
  const folderAt = (number: number): string =>
    isBulk(number) ? BULK : `${ROOT}/season ${String(number % FOLDERS).padStart(2, '0')}`
  const pathAt = (number: number): string => `${folderAt(number)}/${skuAt(number)}.${extensionAt(number)}`
  const ofPath = (path: string): number | undefined => {
    const number = Number(/\/LIB-(\d{6,})\.\w+$/.exec(path)?.[1])
    return isOurs(number) && pathAt(number) === path ? number : undefined
  }

  const contents = Array.from({ length: CONTENTS }, (_, seed) => ({
    size: 4096 + seed,
    seed: `library ${seed}`,
  }))
  const hashes = contents.map((content) => sha1Of(createContent(content)))
  const contentAt = (number: number) => contents[number % CONTENTS] ?? { size: 1 }

  const repositoryAt = (number: number): JsonObject => {
    const created = createdAt(number)
    const kind = number % 10
    const published = kind === 5 ? undefined : new Date(created + 60_000).toISOString()
    return {
      ...usualRepository(pathAt(number), host, created, uuidAt(number)),
      'repo:ancestors': [`urn:aaid:aem:11b00000-0000-4000-8000-${hex(number % FOLDERS, 12)}`],
      'repo:version': `oak:1.0::ci:${hex(number, 32)}`,
      ...(kind === 6 ? { 'repo:modifyDate': new Date(created + 2 * 60 * 60_000).toISOString() } : {}),
      'repo:size': contentAt(number).size,
      'dam:sha1': hashes[number % CONTENTS] ?? '',
      isPublishedToAemPublish: kind !== 5 && kind !== 8,
      ...(published === undefined ? {} : { 'aem:published': published }),
    }
  }

  const metadataAt = (number: number): JsonObject => ({
    'dc:title': `Asset ${number}`,
    ...(number % 4 === 0 ? {} : { 'wknd-skuid': skuAt(number) }),
    ...(number % 2 === 0 ? { exportDestination: ['folder'], exportImmediately: 'yes' } : {}),
  })

  return {
    size,
    createdAt,
    idAt,
    ofPath,
    contentAt,
    ofId: (id) => {
      const number = Math.imul(Number.parseInt(id.slice('urn:aaid:aem:'.length, 21), 16), INVERSE) >>> 0
      return isOurs(number) && idAt(number) === id ? number : undefined
    },
    hasFolder: (path) => {
      if (path === ROOT || path === BULK) return true
      const season = Number(/^\/content\/dam\/library\/season (\d\d)$/.exec(path)?.[1])
      return season < FOLDERS
    },
    at: (number) => {
      let metadata: JsonObject | undefined
      let repository: JsonObject | undefined
      // A search looks at many, and at little of each.
      return {
        id: idAt(number),
        uuid: uuidAt(number),
        path: pathAt(number),
        get assetMetadata() {
          metadata ??= metadataAt(number)
          return metadata
        },
        get repositoryMetadata() {
          repository ??= repositoryAt(number)
          return repository
        },
      }
    },
  }
}
