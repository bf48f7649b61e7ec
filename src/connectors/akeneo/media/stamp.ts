import { createHash } from 'node:crypto'
import type { AssetBinary, StoredObject } from '../../../plugin/destination'
import { versionFromHeader, versionToHeader } from '../../kit/stored'

/** The asset whose file is held, where roles decide which one it is. */
export type StampOwner = {
  /** As {@link stampedId} gives it. */
  id: string
  /** Further words: the role of an asset in a family, or the code of a product's media file. */
  note?: string
}

/**
 * The content of the version attribute: version, size, and a mark of the file's value. When a user replaces the file
 * by hand, the mark no longer matches, and the version counts as unknown. Where roles decide, the owner follows; its
 * note is left out where it does not fit.
 */
export function stampOf(source: AssetBinary, size: number, data: string, owner?: StampOwner): string {
  const version = versionToHeader(source.version)
  if (owner === undefined) return `${version} ${size} ${markOf(data)}`
  const stamp = `${short(version)} ${size} ${markOf(data)} ${owner.id}`
  const whole = `${stamp} ${owner.note ?? ''}`
  return owner.note === undefined || whole.length > maxText ? stamp : whole
}

/** The most that a text attribute of Akeneo takes. */
const maxText = 255
/** The longest stamp without an owner: a version of 200 characters, a size of up to 16 digits, the mark. */
const plainLength = 230
const maxWord = 100

/** The id of an asset in a stamp; stamps of equal roles are ordered by it. */
export const stampedId = (id: string): string => short(versionToHeader(id))

/** A version or an id has to leave room for the other. */
const short = (text: string): string =>
  text.length <= maxWord ? text : createHash('sha256').update(text).digest('hex')

/**
 * Why an attribute is too short for it: then Akeneo would refuse each file. Undefined when it is not.
 * @param maxCharacters as Akeneo tells it; nothing where there is no limit
 * @param isOwned whether stamps name their owner
 */
export const tooShortFor = (
  code: string,
  maxCharacters: number | null | undefined,
  isOwned: boolean,
): string | undefined =>
  maxCharacters && maxCharacters < (isOwned ? maxText : plainLength)
    ? `the attribute ${code} takes ${maxCharacters} characters, too few for a version: raise that to 255`
    : undefined

const pattern = /^(\S+) (\d+) ([0-9a-f]{12})(?: (\S+)(?: (\S+))?)?$/

/** What is held, and whose it is; the owner is told even when somebody has replaced the file. */
export type Held = StoredObject & { owner?: StampOwner }

/**
 * What is held, by the version attribute and the value beside it.
 * @param source the file that it is compared with: a stamp with an owner may hold a hash of a long version
 */
export function heldBy(stamp: unknown, data: unknown, source?: Pick<AssetBinary, 'version'>): Held {
  const etag = markOf(JSON.stringify([stamp ?? null, data ?? null]))
  const [, version, size, mark, id, note] = (typeof stamp === 'string' && pattern.exec(stamp)) || []
  const owner = id === undefined ? {} : { owner: { id, ...(note === undefined ? {} : { note }) } }
  if (typeof data !== 'string' || mark !== markOf(data))
    return { version: undefined, size: 0, etag, ...owner }
  const isSource =
    source !== undefined && id !== undefined && version === short(versionToHeader(source.version))
  return {
    version: isSource ? source.version : versionFromHeader(version),
    size: Number(size),
    etag,
    ...owner,
  }
}

const markOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)
