import enrichment from '#config/enrichment'
import { aemProblem } from '../../aem/errors'
import { aemInputs } from '../../aem/inputs'
import { toBridgeError } from '../../core/errors'
import type { FlowContext } from '../../flows/event-flow'
import { type HttpResponse, isOk, refusePage } from '../../http/response'
import { type CheckedAuthor, openAuthor } from './aem-author'
import { writeChecks } from './aem-write'
import { addressesHint, type Check, failed, skipped } from './checks'

const probeValue = 'aem-asset-bridge-doctor'

/**
 * Each author: whether it is there, lets the client in, can be searched, read and written. Of the second author on, the
 * names end with its host.
 * @param write has a property written and removed
 */
export function aemChecks(context: FlowContext, write: boolean): readonly Check[] {
  const { AEM_AUTHOR_URLS } = context.inputs
  const urls = AEM_AUTHOR_URLS === undefined ? undefined : aemInputs.AEM_AUTHOR_URLS.shape(AEM_AUTHOR_URLS)
  const origins = urls !== undefined && 'value' in urls ? urls.value : ['']
  return origins.flatMap((origin, index) => {
    const suffix = index === 0 ? '' : `.${new URL(origin).host}`
    const open = once(() => openAuthor(context, origin))
    return [...readChecks(open, suffix), ...writeChecks(open, suffix, write)]
  })
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Redirects, and what a proxy says by itself: AEM has not seen the request. */
const isElsewhere = ({ status }: HttpResponse): boolean =>
  (status >= 300 && status < 400) || status === 407 || status === 421

const noSample = () =>
  skipped('The search shows this account no asset: the library is empty, or its assets may not be read.')

function readChecks(open: () => CheckedAuthor, suffix: string): readonly Check[] {
  const name = (of: string): string => `aem.${of}${suffix}`
  return [
    {
      name: name('reach'),
      needs: ['inputs.aem', 'ims.scopes'],
      remedy: `Check AEM_AUTHOR_URLS, and that the environment runs: a sandbox hibernates. ${addressesHint}`,
      run: async (call) => {
        const response = await open().firstAnswer(call)
        if (isOk(response)) refusePage('AEM', response)
        if (isElsewhere(response)) throw aemProblem('read', response)
        return 'AEM answers.'
      },
    },
    {
      name: name('token'),
      needs: [name('reach')],
      remedy:
        'Take a credential of the organisation that the AEM environment belongs to, with the product profile of that environment.',
      run: async (call) => {
        const response = await open().firstAnswer(call)
        if (response.status === 401) throw aemProblem('read', response)
        return 'AEM takes the token.'
      },
    },
    {
      name: name('apiKey'),
      needs: [name('token')],
      remedy: 'Take AEM_API_KEY out of .env: then the client id is sent.',
      run: async (call) => {
        const { clientId, settings, firstAnswer, answerAsClient } = open()
        const { AEM_API_KEY } = settings
        if (AEM_API_KEY === undefined || AEM_API_KEY === clientId) return 'The client id is sent.'
        const isRefused = (await firstAnswer(call)).status === 403
        if (!isRefused) return 'AEM takes AEM_API_KEY.'
        if ((await answerAsClient(call)).status === 403) return 'AEM refuses the client id as well.'
        return failed('AEM_API_KEY_REFUSED', 'AEM refuses AEM_API_KEY and takes the client id.')
      },
    },
    {
      name: name('client'),
      needs: [name('apiKey')],
      remedy: `Add the client id to allowedClientIDs of the author tier (api.yaml), and run the config pipeline of the environment. ${addressesHint}`,
      run: async (call) => {
        const { status } = await open().firstAnswer(call)
        if (status !== 403) return 'AEM lets the client in.'
        return failed(
          'AEM_CLIENT_NOT_ALLOWED',
          `AEM refuses the client id ${open().clientId} with 403 though the token is good.`,
        )
      },
    },
    {
      name: name('search'),
      needs: [name('client')],
      remedy:
        'Let the technical account use /bin/querybuilder.json: its service group needs jcr:read on /content/dam, and a dispatcher or proxy must pass the path.',
      run: async (call) => {
        const found = await open().findSample(call)
        return found === undefined
          ? 'The account may search, and is shown no asset.'
          : 'The account may search, and is shown assets.'
      },
    },
    {
      name: name('index'),
      needs: [name('search')],
      remedy: `Deploy an Oak index of dam:Asset with jcr:content/metadata/${enrichment.linkProperty} (a copy of damAssetLucene).`,
      run: async (call) => {
        const { origin, search } = open()
        const { linkProperty } = enrichment
        const query = { property: linkProperty, values: [probeValue] }
        try {
          for await (const _ of search.find(origin, query, call)) break
        } catch (thrown) {
          const { message, failureClass } = toBridgeError(thrown)
          if (failureClass !== 'transient') throw thrown
          return failed(
            'AEM_INDEX_MISSING',
            `AEM searches, but not by ${linkProperty}: ${message}. Without an index QueryBuilder gives up on a large library.`,
          )
        }
        return `AEM finds assets by ${linkProperty}. A library that grows needs an index for it.`
      },
    },
    {
      name: name('experimental'),
      needs: [name('search')],
      remedy: 'Set AEM_EXPERIMENTAL to true.',
      run: async (call) => {
        const { sample, settings, answerWith } = open()
        const asset = sample()
        if (asset === undefined) return noSample()
        if ((await answerWith(false, asset, call)).status === 200) return 'AEM needs no experimental header.'
        if (settings.AEM_EXPERIMENTAL) return 'The experimental header is sent.'
        if ((await answerWith(true, asset, call)).status !== 200)
          return 'The experimental header makes no difference.'
        return failed(
          'AEM_EXPERIMENTAL_NEEDED',
          'AEM answers only with the header X-Adobe-Accept-Experimental, and AEM_EXPERIMENTAL is false.',
        )
      },
    },
    {
      name: name('read'),
      needs: [name('experimental')],
      remedy:
        'Give the product profile of the credential read access to AEM Assets. New rights take effect with a new token.',
      run: async (call) => {
        const { sample, readSample } = open()
        if (sample() === undefined) return noSample()
        await readSample(call)
        return 'The account may read metadata.'
      },
    },
  ]
}
