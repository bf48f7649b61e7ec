import { checkAssetPath, encodeAssetPath, renditionPath } from '../aem/asset-path'
import { createAssetBinary } from '../aem/binary/asset-binary'
import { createBinarySource } from '../aem/binary/source'
import type { Asset } from '../core/asset'
import type { CallContext } from '../core/call-context'
import { systemClock, systemRandom } from '../core/clock'
import { toBridgeError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import { type Access, accessFor } from './access'
import { type NamedAsset, readNamed } from './explain'

/** A picture of an asset that a browser can show. */
export type Picture = { mediaType: string; bytes: Buffer }

const maxBytes = 8 * 1024 * 1024
/** Of renditions; the original comes after them. */
const maxTries = 3

/**
 * A picture of an asset: one of the small renditions that AEM makes, else the original. What it is, is told by its
 * first bytes, whatever AEM calls it.
 * @returns undefined when none of them is a picture of 8 MiB at most
 * @throws {BridgeError} what AEM fails with, but for a file that is not there
 */
export async function pictureOf(named: NamedAsset, context: FlowContext): Promise<Picture | undefined> {
  const { call } = context
  const access = accessFor(context)
  const asset = await readNamed(named, context)
  if (asset.path === '') return undefined
  const names = bestFirst(await access.assets.renditionNames(asset, call)).slice(0, maxTries)
  const original = encodeAssetPath(checkAssetPath(asset.path))
  for (const path of [...names.map((name) => renditionPath(asset.path, name)), original]) {
    const bytes = await read(path, asset, access, call)
    const mediaType = bytes === undefined ? undefined : pictureType(bytes)
    if (bytes !== undefined && mediaType !== undefined) return { mediaType, bytes }
  }
  return undefined
}

/** Names that AEM gives: `cq5dam.thumbnail.319.319.png`, `cq5dam.web.1280.1280.jpeg`. */
const sizedRendition = /^cq5dam\.(?:thumbnail|web)\.(\d+)\.\d+\.(?:png|jpe?g|gif|webp)$/i
const wantedWidth = 640

/** The renditions that are pictures, the one of the most fitting width first. */
function bestFirst(names: readonly string[]): readonly string[] {
  const sized = names.flatMap((name) => {
    const width = sizedRendition.exec(name)?.[1]
    return width === undefined ? [] : { name, distance: Math.abs(Number(width) - wantedWidth) }
  })
  return sized.sort((a, b) => a.distance - b.distance).map(({ name }) => name)
}

const absent: ReadonlySet<string> = new Set(['ASSET_NOT_FOUND', 'AEM_NOT_A_FILE'])

async function read(
  path: string,
  { origin, name }: Asset,
  { tokens }: Access,
  call: CallContext,
): Promise<Buffer | undefined> {
  // The type is named so that a login page in place of the file is told from it.
  const source = createBinarySource({ origin, path, mediaType: 'image/*' }, { tokens, clock: systemClock })
  const facts = { name, size: undefined, mediaType: 'image/*', version: '', modified: 0 }
  const file = createAssetBinary(facts, source, { clock: systemClock, random: systemRandom })
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of await file.open(call)) {
      const bytes: Buffer = chunk
      size += bytes.length
      // Leaving the loop closes the connection.
      if (size > maxBytes) return undefined
      chunks.push(bytes)
      if (chunks.length === 1 && pictureType(bytes) === undefined && bytes.length >= headBytes)
        return undefined
    }
  } catch (thrown) {
    if (absent.has(toBridgeError(thrown).code)) return undefined
    throw thrown
  }
  return Buffer.concat(chunks)
}

const headBytes = 12

/** Types that every browser shows and that carry no script, by their first bytes. */
const heads: readonly (readonly [type: string, head: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF.{4}WEBP/s],
  ['image/avif', /^.{4}ftypavif/s],
]

/** The type of a picture; undefined for whatever else it is. */
function pictureType(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, headBytes).toString('latin1')
  return heads.find(([, pattern]) => pattern.test(head))?.[0]
}
