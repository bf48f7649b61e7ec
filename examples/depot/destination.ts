import * as v from 'valibot'
import { checkByKey } from '../../src/connectors/kit/check-by-key'
import { sourceChunks } from '../../src/connectors/kit/source-chunks'
import { storedFrom, versionFromHeader, versionToHeader } from '../../src/connectors/kit/stored'
import type { CallContext } from '../../src/core/call-context'
import { transientError } from '../../src/core/errors'
import { parseJson } from '../../src/core/json'
import { retry, timeLimit } from '../../src/http/retry'
import { sendUpload, type UploadAnswer, type UploadRequest } from '../../src/http/upload'
import { type Destination, type DestinationFactory, named } from '../../src/plugin/destination'
import { isSet, prefixed, valuesOf } from '../../src/plugin/inputs'
import { idleTooLong, toConnectionError, toDepotError } from './errors'
import { depotInputs } from './inputs'

/** What can be set in config/destinations.ts. */
export type DepotOptions = {
  /** The key in config/destinations.ts. @default the key */
  name?: string
  /** Begin of the inputs' names. A second one needs its own. @default 'DEPOT' */
  inputs?: string
}

/** How long the server may take no byte, or give no answer, in milliseconds. */
const idleMs = 60_000
const askMs = 15_000

const Page = v.object({
  files: v.array(
    v.object({
      key: v.string(),
      version: v.string(),
      size: v.number(),
      etag: v.string(),
      asset: v.optional(v.string()),
    }),
  ),
  isLast: v.boolean(),
})
type Page = v.InferOutput<typeof Page>

/** Creates the `depot` destination: files stand at `/files/<key>`, and a header tells their version. */
export const depot = ({ inputs = 'DEPOT', ...options }: DepotOptions = {}): DestinationFactory => ({
  ...named(options),
  inputs: prefixed(inputs, depotInputs),
  docs: 'docs/connectors/depot.md',
  isOn: (context) => isSet(depotInputs, 'URL', context, inputs),
  create: (context): Destination => {
    const { clock, random, redactor } = context
    const { URL: origin, TOKEN: token } = valuesOf(depotInputs, context, { prefix: inputs })
    const idle = { ms: idleMs, timeIsUp: () => idleTooLong(idleMs) }
    const toError = (thrown: unknown) => toConnectionError(thrown, inputs)

    const methods: Pick<Destination, 'put'> & Required<Pick<Destination, 'head' | 'remove' | 'list'>> = {
      async head(key, call) {
        const answer = await ask('HEAD', key, call)
        if (answer === undefined) return undefined
        const etag = answer.headers.get('etag')
        return {
          version: versionFromHeader(answer.headers.get('x-held-version')),
          size: Number(answer.headers.get('content-length') ?? 0),
          ...(etag === undefined ? {} : { etag }),
        }
      },

      async put(key, source, { previous }, call) {
        let sent = 0
        async function* body(): AsyncGenerator<Buffer> {
          sent = 0
          for await (const chunk of sourceChunks(source, call)) {
            sent += chunk.length
            yield chunk
          }
        }
        const headers = {
          'content-type': source.mediaType,
          'x-source-version': versionToHeader(source.version),
          ...(source.asset === undefined ? {} : { 'x-source-asset': source.asset.id }),
          ...(source.size === undefined
            ? { 'transfer-encoding': 'chunked' }
            : { 'content-length': String(source.size) }),
          // Nobody else's newer file is overwritten.
          ...(previous === undefined ? { 'if-none-match': '*' } : {}),
          ...(previous?.etag === undefined ? {} : { 'if-match': previous.etag }),
        }
        const answer = await send({ method: 'PUT', url: urlFor(key), headers, body }, call)
        if (!isSuccess(answer)) throw toDepotError(answer, clock.now(), inputs)
        return storedFrom(source, sent, answer.headers.get('etag'))
      },

      async remove(key, call) {
        await ask('DELETE', key, call)
      },

      async *list({ prefix = '', after = '' }, call) {
        let [last, isLast] = [after, false]
        while (!isLast) {
          const page = await pageOf(prefix, last, call)
          for (const { key, version, size, etag, asset } of page.files) {
            // It was put as a header.
            const held = { key, version: versionFromHeader(version), size, etag }
            yield asset === undefined ? held : { ...held, assetId: asset }
          }
          last = page.files.at(-1)?.key ?? last
          isLast = page.isLast || page.files.length === 0
        }
      },
    }

    return { name: context.name, ...methods, check: (call) => checkByKey(methods, checkRules(), call) }

    /** A page of the files that were put with a version: those of the app. */
    function pageOf(prefix: string, after: string, call: CallContext): Promise<Page> {
      const url = new URL('/files', origin)
      url.search = new URLSearchParams({ prefix, after }).toString()
      const limit = timeLimit('DEPOT', askMs)
      return retry({ clock, random, limit, toError }, call, async (own) => {
        const answer = await send({ method: 'GET', url, headers: {} }, own)
        if (!isSuccess(answer)) throw toDepotError(answer, clock.now(), inputs)
        const page = v.safeParse(Page, parseJson(answer.text ?? ''))
        if (page.success) return page.output
        throw transientError('DEPOT_UNAVAILABLE', 'what the depot answered is no list of files', {
          upstream: 'Depot',
        })
      })
    }

    /** Undefined when nothing is there. */
    function ask(
      method: 'HEAD' | 'DELETE',
      key: string,
      call: CallContext,
    ): Promise<UploadAnswer | undefined> {
      const limit = timeLimit('DEPOT', askMs)
      return retry({ clock, random, limit, toError }, call, async (own) => {
        const answer = await send({ method, url: urlFor(key), headers: {} }, own)
        if (answer.status === 404) return undefined
        if (!isSuccess(answer)) throw toDepotError(answer, clock.now(), inputs)
        return answer
      })
    }

    async function send(request: UploadRequest, call: CallContext): Promise<UploadAnswer> {
      const headers = { ...request.headers, authorization: `Bearer ${token}` }
      try {
        return await sendUpload({ ...request, headers }, idle, call.signal)
      } catch (thrown) {
        call.signal.throwIfAborted()
        throw toError(thrown)
      }
    }

    function urlFor(key: string): URL {
      return new URL(`/files/${key.split('/').map(encodeURIComponent).join('/')}`, origin)
    }

    function checkRules() {
      return {
        redactor,
        hint: `check ${inputs}_URL`,
        remedies: { write: 'let the token write', delete: 'let the token delete' },
        whyNotWritten: 'It could not be removed again.',
      }
    }
  },
})

const isSuccess = ({ status }: UploadAnswer): boolean => status >= 200 && status < 300
