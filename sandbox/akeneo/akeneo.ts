import type { IncomingMessage } from 'node:http'
import type { MovableClock } from '../clock'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from '../server'
import { type AssetManager, createAssetManager } from './asset-families'
import { createAssetRoutes } from './asset-routes'
import { type Author, type Catalogue, createCatalogue } from './catalogue'
import { type AkeneoCredentials, createOAuth, type OAuth } from './oauth'
import { createProductRoutes } from './product-routes'
import { createProductWrites } from './product-writes'
import { Refused, refused } from './refusal'
import type { AkeneoSettings } from './route'
import { createStructureRoutes } from './structure-routes'
import { type Allowance, createThrottle, type Throttle } from './throttle'
import { createUploads, type Form } from './uploads'

/** What the stand-in begins with. */
export type AkeneoOptions = {
  clock: MovableClock
  credentials?: Partial<AkeneoCredentials>
  appToken?: string
  /** Life of an access token; an hour, as Akeneo's. */
  tokenSeconds?: number
  /** Code of the identifier attribute. */
  identifier?: string
  settings?: Partial<AkeneoSettings>
  /** @default what Akeneo documents: 4 calls at once, 100 in a second */
  allowance?: Allowance
  port?: number
}

/** The Akeneo stand-in. */
export type AkeneoStandIn = SandboxServer & {
  oauth: OAuth
  appToken: string
  catalogue: Catalogue
  assets: AssetManager
  settings: AkeneoSettings
  throttle: Throttle
  /** The app's inputs that point here, by connection. */
  inputs(): Record<string, string>
}

const everyPermission = [
  'Overall Web API access',
  ...['List products', 'List attributes', 'List attribute options', 'List families', 'List channels'],
  ...['List locales', 'List currencies', 'List reference entity records'],
  ...['List asset families', 'List assets', 'Create and update assets', 'Delete assets'],
  'Create and update products',
  'List family variants',
]

/**
 * Starts an Akeneo PIM: its token endpoint, the reading half of its REST API, and of the writing half what assets,
 * media files and values of products need. It is strict about tokens (401),
 * permissions (403), Accept (406), Content-Type (415), parameters and searches (422), and about 4 calls at once and
 * 100 in a second (429).
 */
export const startAkeneo = async (options: AkeneoOptions): Promise<AkeneoStandIn> => {
  const { clock, appToken = 'app-token-of-the-sandbox', tokenSeconds = 3600 } = options
  const credentials: AkeneoCredentials = {
    clientId: '1_sandboxclient',
    clientSecret: 'sandbox-client-secret',
    username: 'assetbridge_1234',
    password: 'sandbox-password',
    ...options.credentials,
  }
  const oauth = createOAuth({ clock, credentials, appToken, tokenSeconds })
  const throttle = createThrottle(clock, options.allowance)
  const catalogue = createCatalogue(clock, options.identifier)
  const settings: AkeneoSettings = {
    edition: 'saas',
    permissions: new Set(everyPermission),
    unknownParent: 422,
    ignoreCase: false,
    retryAfter: undefined,
    linkBase: undefined,
    withoutLinkedData: false,
    assetManager: true,
    maxUploadBytes: 1024 ** 3,
    lagging: new Map(),
    duringCall: undefined,
    notOwned: new Set(),
    lineFault: undefined,
    ...options.settings,
  }
  const linkBase = (): string => settings.linkBase ?? server.url
  const assets = createAssetManager()
  const uploads = await createUploads(() => settings.maxUploadBytes)
  const forms = new WeakMap<RecordedRequest, Form | 'too many'>()
  const formOf = (request: RecordedRequest): Form | undefined => {
    const form = forms.get(request)
    return form === 'too many' ? undefined : form
  }
  const writes = createProductWrites({ catalogue, manager: assets, clock, settings })
  const assetRoutes = createAssetRoutes({ catalogue, manager: assets, writes, clock, linkBase, formOf })
  const reading = { catalogue, settings, linkBase }
  const routes = [
    ...createProductRoutes(reading),
    ...createStructureRoutes(reading),
    ...assetRoutes,
    ...writes.routes,
  ]
  const isUpload = ({ method, path }: RecordedRequest): boolean =>
    method === 'POST' && /\/(asset-)?media-files$/.test(path)

  /** An upload is a call under way from its first byte on. */
  const receive = async (request: RecordedRequest, incoming: IncomingMessage): Promise<void> => {
    const held = throttle.hold()
    try {
      const form = await uploads.receive(incoming)
      forms.set(request, held ? form : 'too many')
    } finally {
      if (held) throttle.end()
    }
  }

  const call = async (request: RecordedRequest): Promise<Answer> => {
    const here = routes.filter(
      (it) =>
        it.pattern.test(request.path) &&
        !it.lacking?.includes(settings.edition) &&
        (settings.assetManager || !/\/asset-/.test(request.path)),
    )
    const [first] = here
    if (first === undefined) throw new Refused(404, `No route found for "${request.method} ${request.path}"`)
    const problem = oauth.refusal(request.headers.authorization)
    if (problem !== undefined) throw new Refused(401, problem)
    const found = here.find(({ method }) => method === request.method)
    if (found === undefined) throw new Refused(405, 'Method Not Allowed')
    if (!settings.permissions.has('Overall Web API access')) {
      throw new Refused(403, 'You are not allowed to access the web API.')
    }
    if (!settings.permissions.has(found.permission)) {
      throw new Refused(403, `Access forbidden. You are not allowed to ${found.permission.toLowerCase()}.`)
    }
    const { accept = '*/*', 'content-type': type = '' } = request.headers
    if (accept !== 'application/json' && accept !== '*/*') {
      throw new Refused(
        406,
        `“${accept}” in “Accept” header is not valid. Only “application/json” is allowed.`,
      )
    }
    const isWrite = request.method === 'POST' || request.method === 'PATCH'
    const { contentType = 'application/json' } = found
    if (isWrite && !isUpload(request) && type.split(';')[0] !== contentType) {
      throw new Refused(415, `The “Content-Type” header has to be “${contentType}”.`)
    }
    await settings.duringCall?.()
    const codes = (found.pattern.exec(request.path) ?? []).slice(1).map(decodeURIComponent)
    const author: Author = { identifier: oauth.credentials.clientId, type: 'api' }
    return catalogue.changedBy(author, () => found.answer(request, codes))
  }

  const throttled = async (request: RecordedRequest): Promise<Answer> => {
    const tooMany = forms.get(request) === 'too many' ? 'Too many calls at once.' : throttle.begin()
    if (tooMany !== undefined) {
      const { retryAfter } = settings
      return refused(429, tooMany, retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` })
    }
    try {
      return await call(request)
    } catch (error) {
      if (error instanceof Refused) return refused(error.status, error.message)
      throw error
    } finally {
      throttle.end()
    }
  }

  const server = await startServer({
    clock,
    handle: (request) =>
      request.path === '/api/oauth/v1/token' ? oauth.answer(request) : throttled(request),
    port: options.port ?? 0,
    receive: (request, incoming) => (isUpload(request) ? receive(request, incoming) : undefined),
    faultAnswer: ({ status, headers, body }) =>
      body === undefined ? refused(status, 'Injected fault', headers) : json(status, body, headers),
  })

  return {
    ...server,
    oauth,
    appToken,
    catalogue,
    assets,
    settings,
    throttle,
    close: async () => {
      await server.close()
      await uploads.close()
    },
    inputs: () => ({
      AKENEO_URL: server.url,
      AKENEO_CLIENT_ID: oauth.credentials.clientId,
      AKENEO_CLIENT_SECRET: oauth.credentials.clientSecret,
      AKENEO_USERNAME: oauth.credentials.username,
      AKENEO_PASSWORD: oauth.credentials.password,
    }),
  }
}
