import type { MovableClock } from '../clock'
import type { JsonObject } from '../json'
import { type Answer, json, problem, type RecordedRequest, type SandboxServer, startServer } from '../server'
import { type AemAsset, createAsset, etagOf, type NewAsset, touch } from './asset'
import { type EventOverrides, processingCompleted } from './event'
import { getMetadata, type MetadataSettings, patchMetadata } from './metadata-api'

/** What the AEM stand-in knows. `isValidToken` says which bearer tokens it takes. */
export type AemOptions = Partial<MetadataSettings> & {
  clock: MovableClock
  isValidToken: (token: string) => boolean
  /** `allowedClientIDs` of the environment's API configuration. */
  allowedClientIds: readonly string[]
  port?: number
}

/** An asset as tests see it: a copy. */
export type AssetView = AemAsset & { etag: string }

/** The AEM author stand-in. */
export type AemStandIn = SandboxServer & {
  /** May be changed at any time. */
  settings: MetadataSettings & { allowedClientIds: readonly string[] }
  /** Runs before a PATCH is looked at: change the asset here to lose a race. */
  onBeforePatch: ((asset: AssetView) => void | Promise<void>) | undefined
  /** Uploads an asset, processed already. Throws when the path is taken or not below /content/dam. */
  addAsset(input: NewAsset): AssetView
  /** The asset with this id. Throws when there is none. */
  asset(id: string): AssetView
  findByPath(path: string): AssetView | undefined
  /** Somebody else changes the asset; the ETag moves. */
  edit(id: string, change: (asset: Pick<AemAsset, 'assetMetadata' | 'repositoryMetadata'>) => void): AssetView
  removeAsset(id: string): void
  /** The event that AEM sends when it has processed the asset. */
  processingCompletedEvent(asset: { id: string }, overrides?: EventOverrides): JsonObject
}

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
 * Starts an AEM as a Cloud Service author: metadata of the Assets Author API, and `<path>.json` of the Sling
 * resource. It demands a bearer token (401), an allowed `X-Api-Key` (403 on the API) and its own `Host`
 * (421).
 */
export const startAem = async (options: AemOptions): Promise<AemStandIn> => {
  const { clock, isValidToken, allowedClientIds } = options
  const assets = new Map<string, AemAsset>()
  const settings: AemStandIn['settings'] = {
    allowedClientIds,
    writers: options.writers ?? allowedClientIds,
    pathStyle: options.pathStyle ?? 'short',
    ignoresStyle: options.ignoresStyle,
    addExisting: options.addExisting ?? 'reject',
    readOnly: options.readOnly ?? READ_ONLY,
    namespaces: options.namespaces ?? NAMESPACES.split(' '),
    missingIfMatch: options.missingIfMatch ?? 428,
  }

  const view = (asset: AemAsset): AssetView => ({ ...structuredClone(asset), etag: etagOf(asset) })
  const byPath = (path: string): AemAsset | undefined => [...assets.values()].find((it) => it.path === path)
  const stored = (id: string): AemAsset => {
    const asset = assets.get(id)
    if (asset === undefined) throw new Error(`The AEM stand-in has no asset ${id}`)
    return asset
  }

  const metadata = async (id: string, request: RecordedRequest): Promise<Answer> => {
    const client = request.headers['x-api-key']
    if (typeof client !== 'string' || !settings.allowedClientIds.includes(client)) {
      return problem(403, 'The client id in X-Api-Key is not allowed in this environment')
    }
    if (request.method !== 'GET' && request.method !== 'PATCH') {
      return problem(405, `${request.method} is not possible here`, { allow: 'GET, PATCH' })
    }
    if (request.method === 'PATCH' && assets.has(id)) await standIn.onBeforePatch?.(view(stored(id)))
    const asset = assets.get(id)
    if (asset === undefined) return problem(404, `No asset ${id}`)
    if (request.method === 'GET') return getMetadata(asset, request)
    return patchMetadata(asset, request, settings, clock.now())
  }

  const resource = (path: string, request: RecordedRequest): Answer => {
    if (request.method !== 'GET')
      return problem(405, `${request.method} is not possible here`, { allow: 'GET' })
    const asset = byPath(path)
    if (asset !== undefined) return json(200, { 'jcr:uuid': asset.uuid, 'jcr:primaryType': 'dam:Asset' })
    const folder = [...assets.values()].some((it) => it.path.startsWith(`${path}/`))
    return folder ? json(200, { 'jcr:primaryType': 'sling:Folder' }) : problem(404, `No resource at ${path}`)
  }

  const handle = (request: RecordedRequest): Answer | Promise<Answer> => {
    if (request.headers.host !== server.host) return problem(421, `This is ${server.host}`)
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || !isValidToken(token))
      return problem(401, 'The access token is missing or not valid')
    const path = decodePath(request.path)
    if (path === undefined) return problem(400, 'The path is not percent-encoded UTF-8')
    const id = /^\/adobe\/assets\/([^/]+)\/metadata$/.exec(path)?.[1]
    if (id !== undefined) return metadata(id, request)
    const dam = /^(\/content\/dam\/.+)\.json$/.exec(path)?.[1]
    return dam === undefined ? problem(404, `Nothing at ${request.path}`) : resource(dam, request)
  }

  const server = await startServer({
    clock,
    handle,
    port: options.port ?? 0,
    faultAnswer: ({ status, headers, body }) =>
      body === undefined ? problem(status, 'Injected fault', headers) : json(status, body, headers),
  })

  const standIn: AemStandIn = {
    ...server,
    settings,
    onBeforePatch: undefined,
    addAsset: (input) => {
      if (!/^\/content\/dam\/[^/]/.test(input.path))
        throw new Error(`${input.path} is not below /content/dam`)
      if (byPath(input.path) !== undefined) throw new Error(`There is an asset at ${input.path} already`)
      const asset = createAsset(input, server.host, clock.now())
      assets.set(asset.id, asset)
      return view(asset)
    },
    asset: (id) => view(stored(id)),
    findByPath: (path) => {
      const asset = byPath(path)
      return asset === undefined ? undefined : view(asset)
    },
    edit: (id, change) => {
      const asset = stored(id)
      change(asset)
      touch(asset, clock.now(), 'bob@example.com')
      return view(asset)
    },
    removeAsset: (id) => {
      assets.delete(id)
    },
    processingCompletedEvent: ({ id }, overrides = {}) =>
      processingCompleted(stored(id), {
        now: clock.now(),
        recipientClientId: settings.allowedClientIds[0] ?? 'client-id',
        overrides,
      }),
  }
  return standIn
}
