import type { MovableClock } from '../clock'
import type { NewContent } from '../content'
import { type Answer, json, problem, type RecordedRequest, type SandboxServer, startServer } from '../server'
import { type AemAsset, createAsset, etagOf, type NewAsset, touch, USUAL_SIZE, withoutNulls } from './asset'
import { createShelf } from './asset-shelf'
import { type AuthorEvents, createAuthorEvents } from './author-events'
import { type BinarySettings, createBinaries } from './binaries'
import { type BlobStore, CONTAINER, startBlobStore } from './blob-store'
import { createGeneratedLibrary } from './generated-library'
import { type AssetLife, createLife } from './life'
import { getMetadata, type MetadataSettings, patchMetadata, principalOf } from './metadata-api'
import { queryBuilder, type SearchSettings, usualSearch } from './query-builder'
import { type SlingNode, slingJson } from './sling-json'

/** What the AEM stand-in knows. `isValidToken` says which bearer tokens it takes. */
export type AemOptions = Partial<MetadataSettings & BinarySettings> & {
  clock: MovableClock
  isValidToken: (token: string) => boolean
  /** `allowedClientIDs` of the environment's API configuration. */
  allowedClientIds: readonly string[]
  port?: number
  /** The port of the blob store. */
  blobPort?: number
  /** So many assets are there from the start: see {@link createGeneratedLibrary}. @default none */
  assets?: number
}

/** An asset as tests see it: a copy. */
export type AssetView = AemAsset & { etag: string }

/** The AEM author stand-in. */
export type AemStandIn = SandboxServer &
  AuthorEvents & {
    /** May be changed at any time. */
    settings: MetadataSettings & {
      allowedClientIds: readonly string[]
      /** Older releases of the API answer only with `X-Adobe-Accept-Experimental`. */
      demandsExperimental: boolean
    }
    /** What the index behind the search does not know, or still knows. */
    search: SearchSettings
    /** How binaries are handed out; may be changed at any time. */
    binaries: BinarySettings
    /** Where binaries live: a server of its own, with its own faults and requests. */
    blobs: BlobStore
    /** Runs before a PATCH is looked at: change the asset here to lose a race. */
    onBeforePatch: ((asset: AssetView) => void | Promise<void>) | undefined
    /** Uploads an asset, processed already. Throws when the path is taken or not below /content/dam. */
    addAsset(input: NewAsset): AssetView
    /** The asset with this id. Throws when there is none. */
    asset(id: string): AssetView
    findByPath(path: string): AssetView | undefined
    /** Changes the asset as another user; the ETag changes. */
    edit(
      id: string,
      change: (asset: Pick<AemAsset, 'assetMetadata' | 'repositoryMetadata'>) => void,
    ): AssetView
    /**
     * Uploads another file: a new version with its own size and SHA-1. The renditions stay as they are when
     * none are given; an asset without a SHA-1 gets none.
     */
    replaceContent(id: string, content: NewContent, renditions?: Record<string, NewContent>): AssetView
    /** The path of a file in the blob store, for faults and requests; of a rendition, if one is named. */
    blobPath(id: string, rendition?: string): string
    /** What happens to assets, with the events that AEM sends of it. */
    life: AssetLife
    /** Moves or renames the asset; its id and its dates stay. */
    move(id: string, path: string): AssetView
    removeAsset(id: string): void
  }

/** Of `<asset>/jcr:content/renditions/<name>`, in either spelling of the name space. */
const RENDITION = /^(\/content\/dam\/.+)\/(?:jcr:content|_jcr_content)\/renditions(?:\/([^/]+)|\.1\.json)$/

const READ_ONLY = ['dam:sha1', 'dam:size', 'dc:format', 'xcm:machineKeywords', 'dam:extracted']
const NAMESPACES =
  'dc dam xmp xmpMM xmpRights xmpDM tiff exif pdf photoshop prism prefs psAux crs ' +
  'Iptc4xmpCore Iptc4xmpExt iptc plus xcm mix nt'

/** Paths as AEM takes them: percent-encoded UTF-8. */
const decodePath = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/**
 * Starts an AEM as a Cloud Service author and the blob store behind it: metadata of the Assets Author API, binaries,
 * and `<path>.json` of the Sling resource. It demands a bearer token (401), an allowed `X-Api-Key` (403 on the API)
 * and its own `Host` (421).
 */
export const startAem = async (options: AemOptions): Promise<AemStandIn> => {
  const { clock, isValidToken, allowedClientIds } = options
  const blobs = await startBlobStore({ clock, port: options.blobPort ?? 0 })
  const binaries = createBinaries({ clock, blobs }, options)
  const settings: AemStandIn['settings'] = {
    allowedClientIds,
    demandsExperimental: false,
    writers: options.writers ?? allowedClientIds,
    pathStyle: options.pathStyle ?? 'short',
    ignoresStyle: options.ignoresStyle,
    addExisting: options.addExisting ?? 'reject',
    readOnly: options.readOnly ?? READ_ONLY,
    dropped: options.dropped ?? [],
    namespaces: options.namespaces ?? NAMESPACES.split(' '),
    missingIfMatch: options.missingIfMatch ?? 428,
  }

  const search = usualSearch()

  const view = (asset: AemAsset): AssetView => ({ ...structuredClone(asset), etag: etagOf(asset) })
  const byPath = (path: string): AemAsset | undefined => shelf.at(path)
  const known = (asset: AemAsset | undefined, id: string): AemAsset => {
    if (asset === undefined) throw new Error(`The AEM stand-in has no asset ${id}`)
    return asset
  }
  const stored = (id: string): AemAsset => known(shelf.get(id), id)
  /** To be changed. */
  const taken = (id: string): AemAsset => known(shelf.take(id), id)

  const metadata = async (id: string, request: RecordedRequest): Promise<Answer> => {
    const client = request.headers['x-api-key']
    if (typeof client !== 'string' || !settings.allowedClientIds.includes(client)) {
      // The gateway in front of AEM, not AEM itself.
      return json(403, { error_code: '403003', message: 'Api Key is invalid' })
    }
    if (settings.demandsExperimental && request.headers['x-adobe-accept-experimental'] !== '1') {
      return problem(400, 'X-Adobe-Accept-Experimental is required')
    }
    if (request.method !== 'GET' && request.method !== 'PATCH') {
      return problem(405, `${request.method} is not possible here`, { allow: 'GET, PATCH' })
    }
    const before = request.method === 'PATCH' ? shelf.get(id) : undefined
    if (before !== undefined) await standIn.onBeforePatch?.(view(before))
    const asset = request.method === 'PATCH' ? shelf.take(id) : shelf.get(id)
    if (asset === undefined) return problem(404, `No asset ${id}`)
    if (request.method === 'GET') return getMetadata(asset, request)
    const { assetMetadata } = asset
    const answer = patchMetadata(asset, request, settings, clock.now())
    if (asset.assetMetadata !== assetMetadata) life.onWritten(asset, assetMetadata, principalOf(client))
    return answer
  }

  const resource = (path: string, request: RecordedRequest): Answer => {
    if (request.method !== 'GET')
      return problem(405, `${request.method} is not possible here`, { allow: 'GET' })
    return slingJson(path, nodeAt)
  }

  const nodeAt = (path: string): SlingNode | undefined => {
    const asset = byPath(path)
    if (asset !== undefined) return { 'jcr:uuid': asset.uuid, 'jcr:primaryType': 'dam:Asset' }
    return shelf.isFolder(path) ? { 'jcr:primaryType': 'sling:Folder' } : undefined
  }

  const binary = (path: string, request: RecordedRequest): Answer | undefined => {
    const asset = byPath(path)
    if (asset !== undefined) return binaries.serve(filled(asset), undefined, request)
    const [, owner, rendition] = RENDITION.exec(path) ?? []
    if (owner === undefined) return undefined
    const found = byPath(owner)
    if (found === undefined) return problem(404, `No resource at ${path}`)
    return rendition === undefined ? binaries.list(found) : binaries.serve(filled(found), rendition, request)
  }

  /** A generated asset gets its file when it is asked for. */
  const filled = (asset: AemAsset): AemAsset => {
    const number = binaries.has(asset) ? undefined : shelf.numberOf(asset.id)
    if (number !== undefined && library !== undefined) binaries.store(asset, library.contentAt(number))
    return asset
  }

  const storeContent = (asset: AemAsset, content: NewContent, renditions?: Record<string, NewContent>) => {
    const { size, sha1 } = binaries.store(asset, content, renditions)
    return { 'repo:size': size, 'dam:sha1': sha1 }
  }

  const handle = (request: RecordedRequest): Answer | Promise<Answer> => {
    if (request.headers.host !== server.host) return problem(421, `This is ${server.host}`)
    if (request.path.startsWith(`${CONTAINER}/`)) return blobs.answer(request)
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || !isValidToken(token))
      return problem(401, 'The access token is missing or not valid')
    const path = decodePath(request.path)
    if (path === undefined) return problem(400, 'The path is not percent-encoded UTF-8')
    const id = /^\/adobe\/assets\/([^/]+)\/metadata$/.exec(path)?.[1]
    if (id !== undefined) return metadata(id, request)
    if (path === '/bin/querybuilder.json') return queryBuilder(request, shelf.created, search)
    const file = binary(path, request)
    if (file !== undefined) return file
    const dam = /^(\/content\/dam\/.+)\.json$/.exec(path)?.[1]
    return dam === undefined ? problem(404, `Nothing at ${request.path}`) : resource(dam, request)
  }

  const server = await startServer({
    clock,
    handle,
    port: options.port ?? 0,
    faultAnswer: ({ status, headers, body }) =>
      body === undefined ? problem(status, 'Injected fault', headers) : json(status, body, headers),
  }).catch(async (error) => {
    await blobs.close()
    throw error
  })

  const library =
    options.assets === undefined
      ? undefined
      : createGeneratedLibrary({ size: options.assets, host: server.host, now: clock.now() })
  const shelf = createShelf(library)

  const recipientClientId = (): string => settings.allowedClientIds[0] ?? 'client-id'

  const life = createLife({
    clock,
    shelf,
    host: server.host,
    recipientClientId,
    storeContent: (asset, content) => {
      Object.assign(asset.repositoryMetadata, storeContent(asset, content))
    },
  })

  const standIn: AemStandIn = {
    ...server,
    ...createAuthorEvents({ clock, host: server.host, url: server.url, recipientClientId, stored }),
    life,
    settings,
    search,
    binaries: binaries.settings,
    blobs,
    close: async () => {
      await server.close()
      await blobs.close()
    },
    onBeforePatch: undefined,
    addAsset: (input) => {
      if (!/^\/content\/dam\/[^/]/.test(input.path))
        throw new Error(`${input.path} is not below /content/dam`)
      if (/[[\]|*]/.test(input.path)) throw new Error(`${input.path} has a character that no JCR name has`)
      if (byPath(input.path) !== undefined) throw new Error(`There is an asset at ${input.path} already`)
      const asset = createAsset(input, server.host, clock.now())
      const content = input.content ?? { size: USUAL_SIZE, seed: asset.uuid }
      const facts = storeContent(asset, content, input.renditions ?? {})
      asset.repositoryMetadata = withoutNulls({
        ...asset.repositoryMetadata,
        ...facts,
        ...input.repositoryMetadata,
      })
      shelf.add(asset)
      return view(asset)
    },
    asset: (id) => view(stored(id)),
    findByPath: (path) => {
      const asset = byPath(path)
      return asset === undefined ? undefined : view(asset)
    },
    edit: (id, change) => {
      const asset = taken(id)
      change(asset)
      touch(asset, clock.now(), 'bob@example.com')
      return view(asset)
    },
    replaceContent: (id, content, renditions) => {
      const asset = taken(id)
      const { 'dam:sha1': sha1, ...size } = storeContent(asset, content, renditions)
      const isHashed = asset.repositoryMetadata['dam:sha1'] !== undefined
      Object.assign(asset.repositoryMetadata, size, isHashed ? { 'dam:sha1': sha1 } : {})
      touch(asset, clock.now(), 'bob@example.com')
      return view(asset)
    },
    blobPath: (id, rendition) => binaries.blobPath(filled(stored(id)), rendition),
    move: (id, path) => {
      if (byPath(path) !== undefined) throw new Error(`There is an asset at ${path} already`)
      const asset = taken(id)
      shelf.move(asset, path)
      asset.repositoryMetadata['repo:path'] = path
      asset.repositoryMetadata['repo:name'] = path.slice(path.lastIndexOf('/') + 1)
      return view(asset)
    },
    removeAsset: (id) => {
      shelf.remove(id)
    },
  }
  return standIn
}
