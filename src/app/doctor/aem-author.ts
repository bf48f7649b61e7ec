import { createAssetSearch } from '../../aem/asset-search'
import { createAssetsClient } from '../../aem/assets-client'
import { openAuthors } from '../../aem/author-access'
import { type AuthorRequests, createAuthorRequests } from '../../aem/author-requests'
import { aemInputs } from '../../aem/inputs'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { systemClock } from '../../core/clock'
import type { FlowContext } from '../../flows/event-flow'
import { type HttpResponse, isOk } from '../../http/response'
import { imsInputs } from '../../ims/inputs'
import { sourceOf, valuesOf } from '../../inputs/values'
import { httpFor } from '../access'

/** An id that no asset has: what AEM says of it tells who is let in. */
const nobody = 'urn:aaid:aem:00000000-0000-4000-8000-000000000000'

/** An author as the checks see it. Each function is called when what it needs has been checked. */
export type CheckedAuthor = ReturnType<typeof openAuthor>

/** @throws {InputError} systemic, `INPUT_INVALID` */
export function openAuthor(context: FlowContext, origin: string) {
  const { inputs, redactor } = context
  const settings = valuesOf({ ...imsInputs, ...aemInputs }, sourceOf(inputs, redactor))
  const parts = { http: httpFor(context), redactor, clock: systemClock }
  const { tokens, assets, author } = openAuthors(settings, parts)
  const clientId = settings.ADC_CECREDENTIALS_CLIENTID
  const usual = {
    origins: [origin],
    apiKey: settings.AEM_API_KEY ?? clientId,
    experimental: settings.AEM_EXPERIMENTAL,
    concurrency: settings.AEM_CONCURRENCY,
  }
  const requests = (own: Partial<typeof usual> = {}): AuthorRequests =>
    createAuthorRequests({ ...usual, ...own }, { ...parts, tokens })
  const get = (sender: AuthorRequests, id: string, call: CallContext): Promise<HttpResponse> =>
    sender.send(origin, { method: 'GET', url: `${origin}/adobe/assets/${id}/metadata` }, call)
  const search = createAssetSearch(author)
  let sample: AssetRef | undefined
  return {
    origin,
    settings,
    clientId,
    assets,
    /** What AEM answers to a question about an asset that is not there. */
    firstAnswer: onceAnswered((call: CallContext) => get(author, nobody, call)),
    answerAsClient: (call: CallContext) => get(requests({ apiKey: clientId }), nobody, call),
    answerWith: (experimental: boolean, { id = nobody }: AssetRef, call: CallContext) =>
      get(requests({ experimental }), id, call),
    /** A client that tells how AEM took the last change. */
    writer: () => {
      let lastPath: unknown
      const plain = requests()
      const send: AuthorRequests['send'] = async (to, request, call) => {
        const response = await plain.send(to, request, call)
        if (request.method === 'PATCH' && isOk(response)) lastPath = request.body
        return response
      }
      const client = createAssetsClient(
        { ...usual, patchPaths: 'auto' },
        { ...parts, tokens, author: { send } },
      )
      return { client, lastPatch: () => lastPath }
    },
    search,
    async findSample(call: CallContext): Promise<AssetRef | undefined> {
      sample = await search.any(origin, call)
      return sample
    },
    sample: () => sample,
    readSample: (call: CallContext): Promise<Asset> => assets.readAsset(sample ?? { origin }, call),
  }
}

function onceAnswered<T>(ask: (call: CallContext) => Promise<T>): (call: CallContext) => Promise<T> {
  let asked: Promise<T> | undefined
  return (call) => {
    asked ??= ask(call)
    return asked
  }
}
