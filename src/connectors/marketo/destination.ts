import * as v from 'valibot'
import type { CallContext } from '../../core/call-context'
import { type BridgeError, toBridgeError, transientError } from '../../core/errors'
import { createCallLimiter } from '../../http/call-limiter'
import { retry } from '../../http/retry'
import { type AssetBinary, type DestinationFactory, named, type StoredObject } from '../../plugin/destination'
import { flatName } from '../../plugin/flat-name'
import { isSet, prefixed } from '../../plugin/inputs'
import { type Measured, measured } from '../kit/measured'
import { mediaTypeOrBytes, multipartAround } from '../kit/multipart'
import { sourceChunks } from '../kit/source-chunks'
import { isMadeFrom, versionFromHeader } from '../kit/stored'
import { checkMarketo } from './check'
import { createMarketoClient, type MarketoCall } from './client'
import { mayHaveArrived, nameTaken, tooLarge, unexpectedAnswer } from './errors'
import { type MarketoSettings, marketoInputs, readMarketoSettings } from './inputs'

/** Files in the Design Studio of Marketo Engage. */
export type MarketoOptions = {
  /** What assets call it: the key in config/destinations.ts. @default the key */
  name?: string
  /** Begin of the inputs' names: `MARKETO` for `MARKETO_URL` and its like. A second instance needs its own. @default 'MARKETO' */
  inputs?: string
  /** This container's part of what the instance allows all of its applications: in 20 seconds, and at once. @default 100 and 10 */
  rate?: { calls?: number; atOnce?: number }
  /** How long Marketo may take no byte, or give no answer, in milliseconds. @default 60000 */
  idleMs?: number
}

const windowMs = 20_000
const marker = 'aem-asset-bridge version='

const FileRecord = v.object({
  name: v.string(),
  size: v.number(),
  description: v.nullish(v.string()),
  // Assets of other kinds have `value` there, and public examples disagree.
  folder: v.nullish(v.object({ id: v.nullish(v.number()), value: v.nullish(v.number()) })),
})
type FileRecord = v.InferOutput<typeof FileRecord>

/** Creates the `marketo` destination. */
export const marketo = ({ inputs = 'MARKETO', ...options }: MarketoOptions = {}): DestinationFactory => ({
  ...named(options),
  inputs: prefixed(inputs, marketoInputs),
  docs: 'docs/connectors/marketo.md',
  isOn: (context) => isSet(marketoInputs, 'URL', context, inputs),
  create: (context) => {
    const { rate = {}, idleMs = 60_000 } = options
    const { redactor, clock, random } = context
    const settings = readMarketoSettings(context, inputs)
    const { calls = 100, atOnce = 10 } = rate
    const limiter = createCallLimiter({ calls, windowMs, atOnce }, clock)
    const client = createMarketoClient(settings, { redactor, limiter, clock, random, idleMs })
    let warned = false

    return {
      name: context.name,
      head: (key, call) => find(flatName(key), call),
      put,
      check: (call) =>
        checkMarketo({ client, settings, redactor, find: () => find('bridge-check.txt', call) }, call),
    }

    async function find(name: string, call: CallContext): Promise<StoredObject | undefined> {
      const found = await client.ask(`/rest/asset/v1/file/byName.json?name=${encodeURIComponent(name)}`, call)
      const files = found.map(toRecord).filter((file) => file.name.toLowerCase() === name.toLowerCase())
      const own = files.find((file) => isInFolder(file, settings))
      if (own !== undefined) return storedAs(own)
      const [foreign] = files
      if (foreign !== undefined) throw nameTaken(name, folderOf(foreign) ?? 0, inputs)
      return undefined
    }

    async function put(
      key: string,
      given: AssetBinary,
      { previous }: { previous?: StoredObject },
      call: CallContext,
    ): Promise<StoredObject> {
      call.signal.throwIfAborted()
      const name = flatName(key)
      const source = await measured(given, settings.maxBytes, call)
      const upload = uploadOf(name, source, previous === undefined, settings, call)
      let failure: unknown
      const send = async (): Promise<StoredObject> => {
        try {
          return checked(name, source, await client.send(upload, call), call)
        } catch (thrown) {
          failure = thrown
          throw thrown
        }
      }
      const look = (error: BridgeError) => lookFor(name, source, previous, error, call)
      try {
        return await retry(client.rules, call, send, look)
      } catch (thrown) {
        call.signal.throwIfAborted()
        // The last attempt may have arrived, too.
        const arrived = thrown === failure ? await look(toBridgeError(thrown)) : undefined
        if (arrived === undefined) throw thrown
        return arrived
      }
    }

    /** What a failed upload left, when that is this very file. */
    async function lookFor(
      name: string,
      source: Measured,
      previous: StoredObject | undefined,
      error: BridgeError,
      call: CallContext,
    ): Promise<StoredObject | undefined> {
      const isThere = previous === undefined && error.code === 'MARKETO_REFUSED'
      if (!isThere && !mayHaveArrived(error)) return undefined
      const held = await find(name, call)
      const isOurs: boolean = isMadeFrom(source, held)
      if (isOurs) return held
      const isAsBefore = held?.version === previous?.version && held?.size === previous?.size
      if (isAsBefore) return undefined
      throw transientError(
        'DESTINATION_CHANGED',
        `${name} is not what it was when it was looked at: somebody else wrote it`,
      )
    }

    /** What Marketo says that it holds now. */
    function checked(
      name: string,
      source: Measured,
      result: readonly unknown[],
      call: CallContext,
    ): StoredObject {
      if (result.length === 0) throw unexpectedAnswer()
      const file = toRecord(result[0])
      if (!isInFolder(file, settings)) throw nameTaken(name, folderOf(file) ?? 0, inputs)
      const held = storedAs(file)
      const isAsSent: boolean = isMadeFrom(source, held)
      if (!isAsSent && !warned) {
        warned = true
        call.logger.warn(
          'Marketo tells another size or description than it was sent: files are sent again with each event',
          { name, sent: source.size, held: held.size, isVersionKept: held.version === source.version },
        )
      }
      return held
    }
  },
})

function uploadOf(
  name: string,
  source: Measured,
  insertOnly: boolean,
  { folderId, maxBytes, inputs }: MarketoSettings,
  call: CallContext,
): MarketoCall {
  const form = multipartAround(
    {
      name,
      folder: JSON.stringify({ id: folderId, type: 'Folder' }),
      description: `${marker}${encoded(source.version)}`,
      ...(insertOnly ? { insertOnly: 'true' } : {}),
    },
    { name, mediaType: mediaTypeOrBytes(source.mediaType) },
  )
  const length = form.before.length + source.size + form.after.length
  if (length > maxBytes) {
    throw tooLarge(`${source.size} bytes, where a whole request may have ${maxBytes}`, inputs)
  }
  return {
    method: 'POST',
    path: '/rest/asset/v1/files.json',
    headers: { 'content-type': form.contentType, 'content-length': String(length) },
    body: async function* () {
      yield form.before
      yield* sourceChunks(source, call)
      yield form.after
    },
  }
}

function toRecord(value: unknown): FileRecord {
  const parsed = v.safeParse(FileRecord, value)
  if (!parsed.success) throw unexpectedAnswer()
  return parsed.output
}

const storedAs = ({ size, description }: FileRecord): StoredObject => ({
  version: versionIn(description ?? ''),
  size,
})

const folderOf = ({ folder }: FileRecord): number | undefined => folder?.id ?? folder?.value ?? undefined

/** Where Marketo does not tell the folder, nothing speaks against it. */
const isInFolder = (file: FileRecord, { folderId }: MarketoSettings): boolean =>
  (folderOf(file) ?? folderId) === folderId

/** Nothing that a form, a page or a database could change on its way. */
const encoded = (version: string): string =>
  version.replace(/[^A-Za-z0-9._-]/g, (mark) => `%${mark.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** Behind the last mark, and nothing behind it. */
function versionIn(description: string): string | undefined {
  const at = description.lastIndexOf(marker)
  const rest = at < 0 ? '' : description.slice(at + marker.length)
  return versionFromHeader(/^([A-Za-z0-9._%-]+)\s*$/.exec(rest)?.[1])
}
