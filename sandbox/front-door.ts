import { randomUUID } from 'node:crypto'
import { USUAL_SIZE, withoutNulls } from './aem/asset'
import type { AssetView } from './aem/author'
import type { EventOverrides } from './aem/event'
import { consoleFile } from './console-file'
import type { NewContent } from './content'
import { isJsonObject, type JsonObject, parseJson } from './json'
import { changeProduct } from './product-door'
import { httpAnswer } from './runtime/http-answer'
import type { Sandbox } from './sandbox'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from './server'
import { exportLines } from './shell'
import { readUpload, type UploadBody } from './upload-body'

/** The options of the front door. */
export type FrontDoorOptions = {
  sandbox: Sandbox
  port?: number
  /** The action that is registered for publications; the sandbox's receiver by default. */
  exporter?: string
  /** The action that the alarm fires. */
  batch?: string
  /** Nothing is set up in the sandbox's workspace: see {@link Sandbox.newcomerEnv}. */
  isNew?: boolean
  /** Hears of every delivery. */
  onDelivery?: (event: JsonObject, answer: Answer) => void
}

/** A path for a URL: each segment percent-encoded. */
export const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

const PATH_HELP = 'Give it as ?path=/content/dam/<folder>/<file name>, percent-encoded.'
const ROUTES =
  'POST /upload?path=, POST /publish?path=, POST /product?sku=, POST /deploy?<input>=, POST /clock?minutes=, POST /alarm, POST /events, GET /assets?path=, GET /event?path=, GET /exported, GET /env, GET /console.json'
const MEBIBYTE = 1024 * 1024
const MOST_MEBIBYTES = 4096
/** Ten years. */
const MOST_MINUTES = 10 * 365 * 24 * 60
/** What makes the app export an asset at once. */
const EXPORTED = { exportDestination: 'folder', exportImmediately: 'yes' }

/** Whether an event tells of a publication: one of AEM Eventing, or of the event proxy in either of its formats. */
const isPublication = ({ type, data, event }: JsonObject): boolean =>
  /\.(un)?published$|\.deleted$/.test(String(type)) ||
  [data, event].some((body) => isJsonObject(body) && '@type' in body)

const help = (status: number, error: string): Answer => json(status, { error })

/**
 * Starts the HTTP front door of a running sandbox, for people with curl: upload or publish an asset, change a
 * product, deliver an event, look at an asset and at what was exported, deploy another input. Errors are JSON with an
 * `error` that says what to do.
 */
export const startFrontDoor = async (options: FrontDoorOptions): Promise<SandboxServer> => {
  const { sandbox, port = 0, onDelivery } = options
  const { aem, clock, events, folder } = sandbox
  const publications = options.exporter === undefined ? events : sandbox.registration(options.exporter)

  const deliver = async (event: JsonObject): Promise<Answer> => {
    const registration = isPublication(event) ? publications : events
    const [attempt] = (await registration.deliver(event)).attempts.slice(-1)
    const { activation } = attempt ?? {}
    const said =
      attempt === undefined
        ? { status: 404, body: 'No registration at I/O Events takes this event, so no action was run' }
        : activation === undefined
          ? { status: 504, body: 'No answer in time' }
          : httpAnswer(activation)
    const answer = json(said.status, said.body ?? null, {
      'x-activation-id': activation?.activationId ?? 'none',
    })
    onDelivery?.(event, answer)
    return answer
  }

  const pathOf = (request: RecordedRequest): string | Answer => {
    const { path } = request.query
    if (path === undefined || path === '') return help(400, `The path is missing. ${PATH_HELP}`)
    // dot segments and empty ones name another place than they seem to
    const segments = path.split('/').slice(1)
    const isPlain = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')
    if (!/^\/content\/dam\/.*[^/]$/.test(path) || !isPlain)
      return help(400, `${path} is not a file below /content/dam. ${PATH_HELP}`)
    return path
  }

  const unknown = (path: string): Answer =>
    help(404, `There is no asset at ${path}. Upload it first: POST /upload?path=${encodePath(path)}`)

  const withAsset = (request: RecordedRequest, use: (asset: AssetView) => Answer): Answer => {
    const path = pathOf(request)
    if (typeof path !== 'string') return path
    const asset = aem.findByPath(path)
    if (asset !== undefined) return use(asset)
    return unknown(path)
  }

  const contentOf = (request: RecordedRequest): { size: number; seed: string } | undefined | Answer => {
    const { mib } = request.query
    if (mib === undefined) return undefined
    const size = Number(mib) * MEBIBYTE
    if (/^\d+$/.test(mib) && size <= MOST_MEBIBYTES * MEBIBYTE) return { size, seed: randomUUID() }
    return help(400, `mib=${mib} is not possible: it is the size in MiB, up to ${MOST_MEBIBYTES}`)
  }

  const upload = async (request: RecordedRequest): Promise<Answer> => {
    const path = pathOf(request)
    if (typeof path !== 'string') return path
    const content = contentOf(request)
    if (content !== undefined && 'status' in content) return content
    const more = readUpload(request.body)
    if (typeof more === 'string') return help(400, more)
    const { metadata, renditions } = more
    const old = aem.findByPath(path)
    const file = content === undefined ? {} : { content }
    const asset =
      old === undefined
        ? aem.addAsset({
            path,
            assetMetadata: withoutNulls({ ...EXPORTED, ...metadata }),
            renditions,
            ...file,
          })
        : newVersion(old, content ?? { size: USUAL_SIZE, seed: randomUUID() }, more)
    const overrides: EventOverrides = { time: new Date(clock.now()).toISOString() }
    const answer = await deliver(aem.processingCompletedEvent(asset, overrides))
    return said(old === undefined ? 201 : 200, asset, answer)
  }

  /** Uploading over an asset is a new version of it, and AEM processes that again. */
  const newVersion = (
    old: AssetView,
    content: NewContent,
    { metadata, renditions }: UploadBody,
  ): AssetView => {
    const isSame = Object.keys(renditions).length === 0
    const asset = aem.replaceContent(old.id, content, isSame ? undefined : renditions)
    if (Object.keys(metadata).length === 0) return asset
    return aem.edit(old.id, (it) => {
      it.assetMetadata = withoutNulls({ ...it.assetMetadata, ...metadata })
    })
  }

  const said = (status: number, { id, path }: AssetView, answer: Answer): Answer =>
    json(status, {
      assetId: id,
      path,
      answer: { status: answer.status, body: parseJson(answer.body ?? '') },
    })

  const publish = async (request: RecordedRequest): Promise<Answer> => {
    const path = pathOf(request)
    if (typeof path !== 'string') return path
    const asset = aem.findByPath(path)
    if (asset === undefined) return unknown(path)
    // AEM knows of the publication as well as it tells of it.
    const [event = aem.publicationEvent('published', asset)] = aem.life.publish(asset.id)
    if (request.query.push !== 'no') return said(200, asset, await deliver(event))
    publications.hold(event)
    return json(200, { assetId: asset.id, path, answer: null })
  }

  const alarm = async (): Promise<Answer> => {
    const { batch } = options
    if (batch === undefined) return help(404, 'There is no action for the alarm in this sandbox')
    const { platform, workspace } = sandbox
    const isAlarmed = platform.startedByAlarms(workspace.namespace).includes(`asset-bridge/${batch}`)
    if (options.isNew && !isAlarmed)
      return help(404, `No alarm starts ${batch} yet: npm run deploy -- --env <name> sets it`)
    const { status, body } = httpAnswer(await sandbox.runtime.invoke(batch))
    return json(status, body ?? null)
  }

  /** The stand-ins have another time from then on; the actions keep that of the machine. */
  const moveClock = ({ query }: RecordedRequest): Answer => {
    const minutes = Number(query.minutes)
    if (!/^\d+$/.test(query.minutes ?? '') || minutes > MOST_MINUTES)
      return help(
        400,
        `Give it as ?minutes=<whole number up to ${MOST_MINUTES}>: a clock only moves forward.`,
      )
    clock.advance(minutes * 60_000)
    return json(200, { now: new Date(clock.now()).toISOString() })
  }

  const deploy = ({ query }: RecordedRequest): Answer => {
    const [[input, value] = ['', ''], ...more] = Object.entries(query)
    if (input === '' || more.length > 0)
      return help(400, 'It takes one input. Give it as ?<input>=<value>, percent-encoded.')
    const actions = sandbox.runtime.rebind(input, value)
    if (actions.length > 0) return json(200, { input, actions })
    return help(422, `No action has an input ${input} here. GET /env names those that there are.`)
  }

  const receive = (request: RecordedRequest): Answer | Promise<Answer> => {
    const event = parseJson(request.body)
    if (isJsonObject(event)) return deliver(event)
    const problem =
      event === undefined ? 'The body is not valid JSON.' : 'The body is JSON, but not an object.'
    return help(400, `${problem} Send one CloudEvent; GET /event?path= shows the one of an asset.`)
  }

  /** `by=proxy` gives that of the event proxy, `by=old-proxy` that in its older format. */
  const eventFor = ({ of, by }: Record<string, string>, asset: AssetView): JsonObject => {
    if (by === 'proxy') return aem.xdmEvent('published', asset)
    if (by === 'old-proxy') return aem.xdmEvent('published', asset, {}, 'adobe_io')
    return of === 'published' ? aem.publicationEvent('published', asset) : aem.processingCompletedEvent(asset)
  }

  const handle = async (request: RecordedRequest): Promise<Answer> => {
    const route = `${request.method} ${request.path}`
    if (route === 'POST /upload') return upload(request)
    if (route === 'POST /publish') return publish(request)
    if (route === 'POST /alarm') return alarm()
    if (route === 'POST /product') return changeProduct(sandbox, request)
    if (route === 'POST /deploy') return deploy(request)
    if (route === 'POST /clock') return moveClock(request)
    if (route === 'GET /env')
      return {
        status: 200,
        headers: { 'content-type': 'text/plain' },
        body: exportLines(options.isNew ? sandbox.newcomerEnv() : sandbox.operatorEnv()),
      }
    if (route === 'GET /console.json') return json(200, consoleFile(sandbox.workspace))
    if (route === 'GET /exported') return json(200, { folder: folder.root, files: await folder.files() })
    if (route === 'POST /events') return receive(request)
    if (route === 'GET /event')
      return withAsset(request, (asset) => json(200, eventFor(request.query, asset)))
    if (route === 'GET /assets') {
      return withAsset(request, ({ id, etag, assetMetadata, repositoryMetadata }) =>
        json(200, { assetId: id, etag, assetMetadata, repositoryMetadata }),
      )
    }
    return help(404, `${route} is nothing. There are: ${ROUTES}`)
  }

  return startServer({ clock, handle, port })
}
