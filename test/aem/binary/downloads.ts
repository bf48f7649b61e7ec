import type { Readable } from 'node:stream'
import type { NewAsset } from '../../../sandbox/aem/asset'
import type { AemOptions, AssetView } from '../../../sandbox/aem/author'
import { createContent, type NewContent } from '../../../sandbox/content'
import { encodeAssetPath } from '../../../src/aem/asset-path'
import { type BinaryFacts, createAssetBinary } from '../../../src/aem/binary/asset-binary'
import { createBinarySource } from '../../../src/aem/binary/source'
import { createRedactor } from '../../../src/core/redaction'
import { createHttpClient } from '../../../src/http/http-client'
import { createTokenProvider } from '../../../src/ims/token-provider'
import { startAuthor, type TestAuthor } from '../../support/author'

const path = '/content/dam/shop/garden chair (1) 50%.jpg'
export const size = 1000
const content: NewContent = { size, seed: 'chair' }
export const bytesOf = (it: NewContent): Buffer => {
  const made = createContent(it)
  return made.read(0, made.size)
}
export const bytes = bytesOf(content)

/** How the app reads in a test. */
export type ReadOptions = {
  facts?: Partial<BinaryFacts>
  mediaType?: string
  rendition?: string
  idleMs?: number
  answerMs?: number
  /** Reads from another author. */
  origin?: string
}

/** An author with one asset, at `path`, and the app's own way to its bytes. */
export type Downloads = TestAuthor & {
  asset: AssetView
  source(options?: ReadOptions): ReturnType<typeof createBinarySource>
  /** With the facts that AEM names now. */
  binary(options?: ReadOptions): ReturnType<typeof createAssetBinary>
}

export async function startDownloads(
  input: Partial<NewAsset> = {},
  options: Omit<AemOptions, 'clock' | 'isValidToken' | 'allowedClientIds' | 'port'> = {},
): Promise<Downloads> {
  const author = await startAuthor(options)
  const { aem, clock, ims } = author
  const asset = aem.addAsset({ path, content, ...input })
  const http = createHttpClient({ clock })
  const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] }
  const tokens = createTokenProvider(
    { imsUrl: ims.url, ...credentials },
    { http, redactor: createRedactor(), clock },
  )

  const source: Downloads['source'] = ({ rendition, mediaType, answerMs, origin } = {}) =>
    createBinarySource(
      {
        origin: origin ?? aem.url,
        path:
          encodeAssetPath(asset.path) +
          (rendition === undefined ? '' : `/jcr:content/renditions/${encodeURIComponent(rendition)}`),
        mediaType: mediaType ?? String(asset.repositoryMetadata['dc:format']),
      },
      { tokens, clock, ...(answerMs === undefined ? {} : { answerMs }) },
    )

  return {
    ...author,
    asset,
    source,
    binary: (read = {}) => {
      const repository = aem.asset(asset.id).repositoryMetadata
      const sha1 = repository['dam:sha1']
      const facts: BinaryFacts = {
        name: String(repository['repo:name']),
        size: Number(repository['repo:size']),
        mediaType: String(repository['dc:format']),
        version: 'v1',
        modified: 0,
        ...(typeof sha1 === 'string' ? { sha1 } : {}),
        ...read.facts,
      }
      const { idleMs } = read
      return createAssetBinary(facts, source(read), { clock, ...(idleMs === undefined ? {} : { idleMs }) })
    },
  }
}

/** Reads to the end; what was given before an error is its `got`. */
export async function readAll(stream: Readable): Promise<{ got: Buffer; error: unknown }> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk)
    return { got: Buffer.concat(chunks), error: undefined }
  } catch (error) {
    return { got: Buffer.concat(chunks), error }
  }
}
