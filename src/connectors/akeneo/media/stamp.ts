import { createHash } from 'node:crypto'
import type { AssetBinary, StoredObject } from '../../../plugin/destination'
import { versionFromHeader, versionToHeader } from '../../kit/stored'

/**
 * The content of the version attribute: version, size, and a mark of the file's value. When a user replaces the file
 * by hand, the mark no longer matches, and the version counts as unknown.
 */
export const stampOf = (source: AssetBinary, size: number, data: string): string =>
  `${versionToHeader(source.version)} ${size} ${markOf(data)}`

/** The longest stamp: a version of 200 characters, a size of up to 16 digits, the mark. */
const maxLength = 230

/**
 * Why an attribute is too short for it: then Akeneo would refuse each file. Undefined when it is not.
 * @param maxCharacters as Akeneo tells it; nothing where there is no limit
 */
export const tooShortFor = (code: string, maxCharacters: number | null | undefined): string | undefined =>
  maxCharacters && maxCharacters < maxLength
    ? `the attribute ${code} takes ${maxCharacters} characters, too few for a version: raise that to 255`
    : undefined

const pattern = /^(\S+) (\d+) ([0-9a-f]{12})$/

/** What is held, by the version attribute and the value beside it. */
export function heldBy(stamp: unknown, data: unknown): StoredObject {
  const etag = markOf(JSON.stringify([stamp ?? null, data ?? null]))
  const [, version, size, mark] = (typeof stamp === 'string' && pattern.exec(stamp)) || []
  return typeof data === 'string' && mark === markOf(data)
    ? { version: versionFromHeader(version), size: Number(size), etag }
    : { version: undefined, size: 0, etag }
}

const markOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)
