import { BridgeError } from '../../core/errors'
import type { AssetBinary, ListedObject, StoredObject } from '../../plugin/destination'

/** What a destination holds after an upload. */
export const storedFrom = (source: AssetBinary, size: number, etag: string | undefined): StoredObject => ({
  version: source.version,
  size,
  ...(etag === undefined ? {} : { etag }),
})

/**
 * Whether a failed upload may have arrived: after a lost answer the retry finds its own upload, or one of the same
 * version by another run.
 */
export const mayBeThere = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && arrived.has(thrown.code)

const arrived = new Set(['DESTINATION_CHANGED', 'AZURE_BLOCKS_LOST', 'S3_INTERRUPTED'])

/** Tells whether what a destination holds is this file. */
export const isMadeFrom = (source: AssetBinary, held: StoredObject | undefined): held is StoredObject =>
  held?.version === source.version && (source.size === undefined || held.size === source.size)

/** What is held, when it is this file and came after `previous`; undefined otherwise. */
export const arrivedSince = (
  previous: StoredObject | undefined,
  source: AssetBinary,
  held: StoredObject | undefined,
): StoredObject | undefined => (isMadeFrom(source, held) && held.etag !== previous?.etag ? held : undefined)

/**
 * A version as the value of a header. Characters that a header would lose, such as a space at its end, are
 * percent-encoded. The usual hash is unchanged.
 */
export const versionToHeader = (version: string): string =>
  version.replace(/[^!-$&-~]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** The inverse. */
export const versionFromHeader = (header: string | undefined): string | undefined =>
  header?.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))

/** The begin of the name of a file that a check writes and removes. */
export const probeBegin = '.bridge-check-'

/** What is kept of a file beside its bytes, in metadata whose values are ASCII. */
export const metadataOf = ({ version, asset }: AssetBinary): Record<string, string> => ({
  sourceversion: versionToHeader(version),
  ...(asset === undefined ? {} : { assetid: versionToHeader(asset.id) }),
})

/** A file in a list, as its metadata tell; undefined when another program stored it. */
export function listedFrom(
  key: string,
  held: StoredObject,
  metadata: Readonly<Record<string, string>> | undefined,
): ListedObject | undefined {
  const version = versionFromHeader(metadata?.sourceversion)
  if (version === undefined || key.startsWith(probeBegin)) return undefined
  const assetId = versionFromHeader(metadata?.assetid)
  return { ...held, key, version, ...(assetId === undefined ? {} : { assetId }) }
}
