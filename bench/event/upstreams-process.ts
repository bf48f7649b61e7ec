import { channel } from 'node:diagnostics_channel'
import * as v from 'valibot'
import { type AemStandIn, startAem } from '../../sandbox/aem/author'
import { createClock } from '../../sandbox/clock'
import { startIms } from '../../sandbox/ims'
import type { JsonObject } from '../../sandbox/json'
import type { SandboxServer } from '../../sandbox/server'
import { startState } from '../../sandbox/state'
import { appScopes, grantedScopes, workspaces } from '../../sandbox/workspace'
import { akeneoPim, type BenchPim, plainPim } from './pims'
import { order, type Ready, type Seen } from './upstreams-messages'

/**
 * The stand-ins of IMS, AEM, two PIMs and State in a process of their own, so that what they cost is not counted. Each
 * message is an {@link order}.
 */
async function upstreams(): Promise<void> {
  const clock = createClock()
  const { namespace, auth, clientId, clientSecret, imsOrgId } = workspaces.stage
  const ims = await startIms({ clock, clientId, clientSecret, scopes: grantedScopes })
  const aem = await startAem({
    clock,
    isValidToken: ims.isValid,
    allowedClientIds: [clientId],
    // As RFC 6902 has it. Where AEM refuses to add what is there, a blind patch would need a read before it.
    addExisting: 'replace',
  })
  const pims = { plain: await plainPim(clock), akeneo: await akeneoPim(clock) }
  const state = await startState({ clock, namespace, auth })
  /** The one that the events are about. */
  let pim: BenchPim = pims.plain
  const busy = busyTime()
  let assets: readonly Asset[] = []

  const ready: Ready = {
    inputs: {
      LOG_LEVEL: 'info',
      ADC_CECREDENTIALS_CLIENTID: clientId,
      ADC_CECREDENTIALS_CLIENTSECRET: clientSecret,
      ADC_CECREDENTIALS_METASCOPES: appScopes.join(','),
      ADC_CECREDENTIALS_ORGID: imsOrgId,
      IMS_URL: ims.url,
      AEM_AUTHOR_URLS: aem.url,
    },
    rivalInputs: {
      LOG_LEVEL: 'info',
      CLIENT_ID: clientId,
      CLIENT_SECRET: clientSecret,
      SCOPES: appScopes.join(','),
      IMS_URL: ims.url,
      AEM_URL: aem.url,
    },
    pims,
    env: { AIO_STATE_ENDPOINT: state.url, __OW_NAMESPACE: namespace, __OW_API_KEY: auth },
  }

  process.on('disconnect', () => process.exit(0))
  process.on('message', (message) => process.send?.(obey(message)))
  process.send?.(ready)

  function obey(message: unknown): readonly string[] | Seen {
    const asked = v.parse(order, message)
    if (asked.kind === 'look') return look()
    if (asked.kind === 'add') {
      for (const { id } of assets) aem.removeAsset(id)
      pim.clear()
      pim = pims[asked.pim]
      assets = Array.from({ length: asked.count }, () => addAsset(aem, pim))
    }
    for (const server of [ims, aem]) {
      server.faults.clear()
      if (asked.latencyMs > 0) server.faults.add({ fault: { kind: 'latency', delayMs: asked.latencyMs } })
    }
    pim.setLatency(asked.latencyMs)
    forget()
    return assets.map((asset) => JSON.stringify(aem.processingCompletedEvent(asset)))
  }

  /** What was asked since the last order, and which assets do not hold what their product says. */
  function look(): Seen {
    const writes = aem.requests.filter(({ method }) => method === 'PATCH').length
    const wrong = assets.flatMap(({ id, sku, facts }) => {
      const { assetMetadata } = aem.asset(id)
      const missing = Object.entries(facts).filter(([name, value]) => assetMetadata[`wknd-${name}`] !== value)
      return missing.map(
        ([name]) => `${sku}: wknd-${name} is ${JSON.stringify(assetMetadata[`wknd-${name}`])}`,
      )
    })
    // What is not in State is answered 404.
    const refused = Object.entries({ ims, aem, pim: pim.server }).flatMap(([name, { requests }]) =>
      requests
        .filter(({ status = 0 }) => status >= 400)
        .map(({ status, path }) => `${name}: ${status} ${path}`),
    )
    return {
      ims: ims.requests.length,
      aem: aem.requests.length,
      writes,
      pim: pim.server.requests.length,
      state: state.requests.length,
      busyMs: busy.take(),
      wrong: [...wrong, ...refused].slice(0, 5),
    }
  }

  function forget(): void {
    const all: readonly SandboxServer[] = [
      ims,
      aem,
      state,
      ...Object.values(pims).map(({ server }) => server),
    ]
    for (const { requests } of all) requests.length = 0
    busy.take()
  }
}

type Asset = { id: string; sku: string; facts: Readonly<Record<string, string>> }

let added = 0

/** An image with the metadata that cameras and AEM give it, which names its product as a property and as its file. */
function addAsset(aem: AemStandIn, pim: BenchPim): Asset {
  added++
  const sku = `SKU-${added}`
  const facts = {
    colour: 'anthracite',
    material: 'recycled aluminium',
    warranty: `${added % 10} years`,
    care: 'Wipe with a dry cloth. Do not immerse in water.',
    description: 'A lamp for the desk with a joint in the middle and a warm light. '.repeat(2).trim(),
  }
  pim.setProduct(sku, facts)
  const path = `/content/dam/lamps/${sku}.jpg`
  const { id } = aem.addAsset({ path, content: { size: 1, seed: 1 }, assetMetadata: metadataOf(sku) })
  return { id, sku, facts }
}

const metadataOf = (sku: string): JsonObject => ({
  'wknd-skuid': sku,
  'dc:title': `Lamp ${sku}`,
  'dc:creator': ['Ada'],
  'dc:subject': ['lamp', 'desk', 'office'],
  'xmp:CreatorTool': 'Adobe Photoshop 26.0 (Macintosh)',
  'tiff:Make': 'Canon',
  'tiff:Model': 'Canon EOS R5',
  'exif:PixelXDimension': 8192,
  'exif:PixelYDimension': 5464,
  'xcm:machineKeywords': Array.from({ length: 25 }, (_, index) => ({
    value: `keyword-${index}`,
    confidence: 0.9 - index / 100,
  })),
})

/** The time in which at least one request is being answered. Requests side by side count once. */
function busyTime(): { take(): number } {
  let open = 0
  let since = 0
  let total = 0
  channel('http.server.request.start').subscribe(() => {
    if (open === 0) since = performance.now()
    open++
  })
  channel('http.server.response.finish').subscribe(() => {
    open--
    if (open === 0) total += performance.now() - since
  })
  return {
    take: () => {
      const taken = total
      total = 0
      return taken
    },
  }
}

upstreams().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
