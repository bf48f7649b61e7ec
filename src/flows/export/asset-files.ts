import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { checkAssetPath, encodeAssetPath } from '../../aem/asset-path'
import { createAssetBinary } from '../../aem/binary/asset-binary'
import type { BinarySource, BinarySourceOptions } from '../../aem/binary/source'
import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { nonEmptyString } from '../../core/json'
import type { AssetBinary } from '../../plugin/destination'
import type { Exports } from '../../plugin/destinations'
import { type KeySource, keyBeside, safeKey } from '../../plugin/key'

/** One file that an asset puts into a destination. */
export type AssetFile = {
  key: string
  binary: AssetBinary
  /** It changes with the metadata, not with the file. */
  isSidecar?: boolean
}

/** What is needed to list the files of an asset. */
export type FileParts = {
  clock: Clock
  random: () => number
  exports: Pick<Exports, 'key' | 'renditions' | 'sidecar'>
  /** The property that links an asset to its products. */
  linkProperty: string
  openSource(options: BinarySourceOptions): BinarySource
  /** The names of an asset's renditions. */
  renditionNames(asset: Asset, call: CallContext): Promise<readonly string[]>
}

type KeyParts = Pick<FileParts, 'exports' | 'linkProperty'>

const sha1Pattern = /^[0-9a-f]{40}$/
const defaultType = 'application/octet-stream'

/** The original, the renditions and the sidecar that are to be exported, in this order. */
export async function filesOf(
  asset: Asset,
  parts: FileParts,
  call: CallContext,
): Promise<readonly AssetFile[]> {
  const { exports } = parts
  const key = keyOf(asset, parts)
  const original = await originalOf(asset, parts, call)
  const files: AssetFile[] = [{ key, binary: original }]
  for (const name of await wantedRenditions(asset, parts, call)) {
    files.push({
      key: keyBeside(key, name),
      binary: await renditionOf(asset, name, original.version, parts, call),
    })
  }
  if (exports.sidecar)
    files.push({ key: keyBeside(key, sidecarEnding), binary: sidecarOf(asset), isSidecar: true })
  return files.map((file) => ({ ...file, binary: { ...file.binary, asset } }))
}

/**
 * The keys that follow from the path alone, for removing the files of an asset that is gone.
 * @param renditions their names, where the asset is still there to tell them
 */
export function keysOf(
  asset: KeySource,
  parts: KeyParts,
  renditions: readonly string[] = namedRenditions(parts),
): readonly string[] {
  const { exports } = parts
  const key = keyOf(asset, parts)
  const endings = [...renditions, ...(exports.sidecar ? [sidecarEnding] : [])]
  return [key, ...endings.map((ending) => keyBeside(key, ending))]
}

const namedRenditions = ({ exports: { renditions = [] } }: KeyParts): readonly string[] =>
  renditions.filter((name) => typeof name === 'string')

/** The names of the renditions of an asset that may have been exported. */
export const renditionsOf = async (
  asset: Asset,
  parts: FileParts,
  call: CallContext,
): Promise<readonly string[]> => [
  ...new Set([...namedRenditions(parts), ...(await wantedRenditions(asset, parts, call))]),
]

const sidecarEnding = 'json'

/** Renames a key that would collide with a rendition or sidecar of another asset. */
const keyOf = (asset: KeySource, { exports, linkProperty }: KeyParts): string =>
  safeKey(exports.key(asset, { linkProperty }), {
    isTaken: (name) => isNameOfAddition(name, exports),
    isHashed: exports.key.isHashed ?? false,
  })

function isNameOfAddition(name: string, exports: FileParts['exports']): boolean {
  for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1)) {
    if (isEndingOfAddition(name.slice(dot + 1), exports)) return true
  }
  return false
}

/** Whether `<key>.<ending>` may be a rendition or the sidecar of the file under the key. */
export const isEndingOfAddition = (
  ending: string,
  { renditions = [], sidecar }: Pick<Exports, 'renditions' | 'sidecar'>,
): boolean =>
  (sidecar === true && ending === sidecarEnding) || renditions.some((wanted) => isWanted(wanted, ending))

const isWanted = (wanted: string | RegExp, name: string): boolean =>
  typeof wanted === 'string' ? wanted === name : name.search(wanted) >= 0

/** The version of the original: its SHA-1, else the binary's ETag, else its last change and size. */
async function originalOf(asset: Asset, parts: FileParts, call: CallContext): Promise<AssetBinary> {
  const { repository, metadata } = asset
  const mediaType =
    nonEmptyString(repository['dc:format']) ?? nonEmptyString(metadata['dc:format']) ?? defaultType
  const path = encodeAssetPath(checkAssetPath(asset.path))
  const source = parts.openSource({ origin: asset.origin, path, mediaType })
  const sha1 = originalSha1(asset)
  const modifiedText = nonEmptyString(repository['repo:modifyDate'])
  const modified = Date.parse(modifiedText ?? '')
  const size = byteCount(repository['repo:size'])
  const version = sha1 ?? (await source.about(call)).etag ?? `${modifiedText ?? ''}_${size ?? ''}`
  return createAssetBinary(
    {
      name: asset.name,
      size,
      mediaType,
      version: asciiVersion(version),
      modified: Number.isNaN(modified) ? 0 : modified,
      ...(sha1 === undefined ? {} : { sha1 }),
    },
    source,
    timeAndChance(parts),
  )
}

const timeAndChance = ({ clock, random }: FileParts) => ({ clock, random })

/** The SHA-1 of the original in lower case, where AEM names one. */
function originalSha1({ repository, metadata }: Asset): string | undefined {
  const text = nonEmptyString(repository['dam:sha1']) ?? nonEmptyString(metadata['dam:sha1'])
  const sha1 = text?.toLowerCase()
  return sha1 !== undefined && sha1Pattern.test(sha1) ? sha1 : undefined
}

/** AEM may create a rendition later, or replace it: its own ETag is part of its version. */
async function renditionOf(
  asset: Asset,
  name: string,
  originalVersion: string,
  parts: FileParts,
  call: CallContext,
): Promise<AssetBinary> {
  const path = `${encodeAssetPath(checkAssetPath(asset.path))}/jcr:content/renditions/${encodeURIComponent(name)}`
  const source = parts.openSource({ origin: asset.origin, path, mediaType: defaultType })
  const { etag = '', mediaType = defaultType } = await source.about(call)
  const version = asciiVersion([originalVersion, name, etag].join('_'))
  return createAssetBinary(
    { name, size: undefined, mediaType, version, modified: 0 },
    source,
    timeAndChance(parts),
  )
}

/** The renditions that exist: not every kind of file has the same ones. */
async function wantedRenditions(
  asset: Asset,
  { exports: { renditions = [] }, renditionNames }: FileParts,
  call: CallContext,
): Promise<readonly string[]> {
  if (renditions.length === 0) return []
  const names = await renditionNames(asset, call)
  return names.filter((name) => name !== 'original' && renditions.some((wanted) => isWanted(wanted, name)))
}

/** The metadata as JSON with sorted names, so that equal metadata gives an equal file. */
function sidecarOf(asset: Asset): AssetBinary {
  const metadata = Object.fromEntries(Object.entries(asset.metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  const bytes = Buffer.from(`${JSON.stringify({ path: asset.path, id: asset.id, metadata }, null, 2)}\n`)
  return {
    name: `${asset.name}.json`,
    size: bytes.length,
    mediaType: 'application/json',
    version: createHash('sha256').update(bytes).digest('hex'),
    modified: 0,
    open: async () => Readable.from([bytes], { objectMode: false }),
    readRange: async ({ start, end }) => bytes.subarray(start, end),
  }
}

function byteCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

const plainVersion = /^[\x21-\x7e]{1,200}$/

/** Destinations keep it in a header: printable, and short. */
const asciiVersion = (text: string): string =>
  plainVersion.test(text) ? text : createHash('sha256').update(text).digest('hex')
