import type { NewAsset } from '../../../sandbox/aem/asset'
import type { AssetView } from '../../../sandbox/aem/author'
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox'
import { createAssetsClient } from '../../../src/aem/assets-client'
import { restPim } from '../../../src/connectors/rest/pim'
import { createRedactor } from '../../../src/core/redaction'
import { type EnrichOutcome, type EnrichParts, enrichAsset } from '../../../src/flows/enrich/enrich-asset'
import { createHttpClient } from '../../../src/http/http-client'
import { createMemoryGate } from '../../../src/http/memory-gate'
import { createTokenProvider } from '../../../src/ims/token-provider'
import { everyAttribute } from '../../../src/metadata/mapping'
import { fromFileName, fromProperty } from '../../../src/metadata/matching'
import type { PimCommunicator, ProductRef } from '../../../src/plugin/pim'
import { pimContext } from '../../connectors/kit/pim-context'
import { startCall, type TestCall } from '../../support/call'
import { createTestClock, type TestClock } from '../../support/test-clock'

/** The flow with its real parts, in front of AEM, IMS and a PIM that know nothing yet. */
export type Enricher = {
  sandbox: Sandbox
  clock: TestClock
  /** The communicator `rest` on the sandbox's PIM, one product a request. */
  pim: PimCommunicator
  /** The references of each call to the communicator so far. */
  asked: (readonly ProductRef[])[]
  upload(about?: Partial<NewAsset>): AssetView
  /** The metadata that AEM holds now. */
  metadata(asset: { id: string }): Record<string, unknown>
  run(asset: { id: string }, parts?: Partial<EnrichParts>, call?: TestCall): Promise<EnrichOutcome>
  /** What AEM and the PIM were asked so far, in order: `GET`, `ask <identifier>`, `PATCH`. */
  steps(): string[]
  close(): Promise<void>
}

export const linkProperty = 'wknd-skuid'

/** Time of the stand-ins: every look at it is one later, so that requests to different ones have an order. */
function createCounter() {
  let now = Date.parse('2030-01-02T03:04:05.000Z')
  return {
    now: () => {
      now += 1
      return now
    },
    advance: (ms: number) => {
      now += ms
    },
  }
}

/** Starts them; nothing waits for real. */
export async function startEnricher(): Promise<Enricher> {
  const clock = createTestClock()
  const sandbox = await startSandbox({ clock: createCounter() })
  const { aem, ims } = sandbox
  const http = createHttpClient({ clock, random: () => 0 })
  const inputs = sandbox.inputs()
  const tokens = createTokenProvider(
    {
      imsUrl: ims.url,
      clientId: inputs.ADC_CECREDENTIALS_CLIENTID ?? '',
      clientSecret: inputs.ADC_CECREDENTIALS_CLIENTSECRET ?? '',
      scopes: inputs.ADC_CECREDENTIALS_METASCOPES?.split(',') ?? [],
    },
    { http, redactor: createRedactor(), clock },
  )
  const assets = createAssetsClient(
    {
      origins: [aem.url],
      apiKey: inputs.ADC_CECREDENTIALS_CLIENTID ?? '',
      patchPaths: 'short',
      experimental: true,
      concurrency: 4,
    },
    { http, tokens, clock },
  )
  const rest = restPim()(
    pimContext({
      PIM_REST_URL: `${sandbox.pim.url}/products/{identifier}`,
      PIM_REST_PRODUCT: '/data/product',
      PIM_REST_HEADERS: `X-Api-Key: ${sandbox.pim.apiKey}`,
    }),
  )
  const asked: (readonly ProductRef[])[] = []
  const pim: PimCommunicator = {
    name: rest.name,
    getProducts: (refs, call) => {
      asked.push(refs)
      return rest.getProducts(refs, call)
    },
    check: (call) => rest.check(call),
  }
  const enrichment = {
    linkProperty,
    matching: [fromProperty(linkProperty), fromFileName()],
    mapping: [everyAttribute('wknd-')],
  }
  let uploads = 0

  return {
    sandbox,
    clock,
    pim,
    asked,
    upload: (about = {}) => {
      uploads += 1
      return aem.addAsset({ path: `/content/dam/shop/file-${uploads}.png`, ...about })
    },
    metadata: ({ id }) => aem.asset(id).assetMetadata,
    run: ({ id }, parts = {}, call = startCall()) =>
      enrichAsset(
        { origin: aem.url, id },
        { assets, pim, enrichment, clock, random: () => 1, memory: createMemoryGate(), ...parts },
        call,
      ),
    steps: () =>
      [...aem.requests, ...sandbox.pim.requests]
        .sort((a, b) => a.time - b.time)
        .map(({ method, path }) =>
          path.startsWith('/products/') ? `ask ${decodeURIComponent(path.slice(10))}` : method,
        ),
    close: () => sandbox.close(),
  }
}
