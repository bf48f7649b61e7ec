import { randomUUID } from 'node:crypto'
import type { MovableClock } from '../clock'
import { createContent, type NewContent, sha1Of } from '../content'
import { type Answer, json, problem, type RecordedRequest } from '../server'
import { type AemAsset, formatOf } from './asset'
import type { BlobStore } from './blob-store'
import { type ServedFile, serveContent } from './serve-content'

/** How the author hands out binaries; may be changed at any time. */
export type BinarySettings = {
  /**
   * `blob-store`: 302 to a signed URL of the store, a host of its own. `same-host`: 302, by a relative Location, to
   * such a URL on the author. `direct`: 200 with the bytes.
   */
  delivery: 'blob-store' | 'same-host' | 'direct'
  /** How long a signed URL is good, in seconds. */
  linkSeconds: number
  /** Whether `direct` serves parts. */
  ranges: boolean
}

/** The files of one asset. */
type AssetFiles = { original: StoredFile; renditions: Map<string, StoredFile> }
type StoredFile = ServedFile & { name: string; blob: string }

/** The binaries of all assets. */
export type Binaries = {
  settings: BinarySettings
  /** Stores an original and what was rendered from it; returns the facts that AEM extracts. */
  store(
    asset: AemAsset,
    original: NewContent,
    renditions?: Record<string, NewContent>,
  ): { size: number; sha1: string }
  /** Whether the asset has its files. */
  has(asset: AemAsset): boolean
  /** The path of a file's blob, in the store as on the author. Throws when there is no such file. */
  blobPath(asset: AemAsset, rendition?: string): string
  /** Answers a GET of the original, or of a rendition. */
  serve(asset: AemAsset, rendition: string | undefined, request: RecordedRequest): Answer
  /** The renditions folder as Sling shows it, one level deep. */
  list(asset: AemAsset): Answer
}

/** Creates the binaries of an author, with the store that they live in. */
export const createBinaries = (
  parts: { clock: MovableClock; blobs: BlobStore },
  given: Partial<BinarySettings>,
): Binaries => {
  const { clock, blobs } = parts
  const files = new Map<string, AssetFiles>()
  const settings: BinarySettings = {
    delivery: given.delivery ?? 'blob-store',
    linkSeconds: given.linkSeconds ?? 3600,
    ranges: given.ranges ?? true,
  }

  const storedFile = (name: string, mediaType: string, input: NewContent): StoredFile => {
    const content = createContent(input)
    const blob = blobs.put(content, mediaType)
    return { name, content, mediaType, blob, etag: `"${randomUUID()}"`, modified: clock.now() }
  }

  const find = (asset: AemAsset, rendition: string | undefined): StoredFile | undefined => {
    const found = files.get(asset.id)
    return rendition === undefined || rendition === 'original'
      ? found?.original
      : found?.renditions.get(rendition)
  }

  return {
    settings,
    store: (asset, original, renditions) => {
      const name = asset.path.slice(asset.path.lastIndexOf('/') + 1)
      const mediaType = String(asset.repositoryMetadata['dc:format'] ?? 'application/octet-stream')
      const old = files.get(asset.id)
      const made = Object.entries(renditions ?? {}).map(([it, input]): [string, StoredFile] => [
        it,
        storedFile(it, formatOf(it), input),
      ])
      const file = storedFile(name, mediaType, original)
      files.set(asset.id, {
        original: file,
        renditions: renditions === undefined && old !== undefined ? old.renditions : new Map(made),
      })
      return { size: file.content.size, sha1: sha1Of(file.content) }
    },
    has: ({ id }) => files.has(id),
    blobPath: (asset, rendition) => {
      const file = find(asset, rendition)
      if (file === undefined) throw new Error(`${asset.path} has no file ${rendition ?? 'original'}`)
      return file.blob
    },
    serve: (asset, rendition, request) => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return problem(405, `${request.method} is not possible here`, { allow: 'GET, HEAD' })
      const file = find(asset, rendition)
      if (file === undefined) return problem(404, `No rendition ${rendition} of ${asset.path}`)
      if (settings.delivery === 'direct') return serveContent(request, file, settings)
      const link = blobs.link(file.blob, file.name, settings.linkSeconds)
      const location = settings.delivery === 'same-host' ? link : `${blobs.url}${link}`
      return { status: 302, headers: { location, 'cache-control': 'no-store' } }
    },
    list: (asset) => {
      const names = ['original', ...(files.get(asset.id)?.renditions.keys() ?? [])]
      const nodes = names.map((it): [string, object] => [it, { 'jcr:primaryType': 'nt:file' }])
      return json(200, { 'jcr:primaryType': 'nt:folder', ...Object.fromEntries(nodes) })
    },
  }
}
