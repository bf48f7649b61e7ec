import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AssetView } from '../../sandbox/aem/author'
import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import { createClock } from '../../sandbox/clock'
import { seededRandom } from '../../sandbox/faults'
import { isJsonObject, type JsonObject } from '../../sandbox/json'
import { httpAnswer } from '../../sandbox/runtime/http-answer'
import type { ActionSpec } from '../../sandbox/runtime/runtime'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import type { RecordedRequest } from '../../sandbox/server'
import { type Delivery, type Sent, sendAll } from './sender'

export type BurstOptions = {
  /** The built actions, by name, as they would be deployed. */
  actions: Record<string, ActionSpec>
  seed: number
  /** Deliveries, the duplicates among them. */
  events: number
  /** Share of the deliveries that repeat another one. @default 0.2 */
  duplicates?: number
  /** SIGKILLs to whatever runs pim-sync; then reconcile has to bring the rest in step. @default 0 */
  kills?: number
}

export type BurstReport = {
  seed: number
  events: number
  products: number
  assets: number
  sent: Sent
  /** Of the deliveries, as a subscription is judged by. */
  successRate: number
  /** Until the last asset was in step. */
  seconds: number
  activations: Record<'pim-events' | 'pim-sync', number>
  containers: Record<'pim-events' | 'pim-sync', number>
  kills: number
  /** What reconcile had to mend, after kills. */
  mended: number
  akeneo: { calls: number; byKind: Record<string, number>; refused: number; mostAtOnce: number }
  aem: { searches: number; reads: number; writes: number }
  state: number
  problems: string[]
}

const secret = 'secret-of-the-burst'
/** What a call to the PIM takes, so that several are under way at once. */
const callMs = 150
const variantsOfModel = 5
/** An event may come so many later than it should, and its duplicate, too. */
const delay = 300

/**
 * Sends a burst of product events at the built pim-events, out of order and partly twice, while the products go on
 * changing; then looks whether every linked asset says what the PIM says.
 */
export async function burst(options: BurstOptions): Promise<BurstReport> {
  const { actions, seed, events, kills = 0 } = options
  const clock = createClock()
  const akeneo = await startAkeneo({ clock })
  const inputs: JsonObject = {
    PIM_COMMUNICATOR: 'akeneo',
    ...akeneo.inputs(),
    AKENEO_EVENT_SECRETS: secret,
    AKENEO_CHANNEL: 'ecommerce',
    AKENEO_LOCALES: 'en_US',
    PIM_SYNC_START: 'PT1H',
    LOG_LEVEL: 'warn',
  }
  const wanted = ['pim-events', 'pim-sync', 'reconcile'] as const
  const bound = wanted.map((name) => {
    const spec = actions[name]
    if (spec === undefined) throw new Error(`ext.config.yaml declares no action named ${name}`)
    return [name, { ...spec, inputs }] as const
  })
  const sandbox = await startSandbox({ clock, actions: Object.fromEntries(bound) }).catch(async (error) => {
    await akeneo.close()
    throw error
  })
  const { runtime, aem, state } = sandbox
  try {
    akeneo.settings.duringCall = () => sleep(callMs)
    const scene = fill(sandbox, akeneo, options)
    const begin = performance.now()
    const killing = killAtTimes(sandbox, kills, events)
    const sent = await sendAll(runtime, scene.deliveries, secret)
    const killed = await killing.end()
    await runtime.idle()
    const seconds = (performance.now() - begin) / 1000
    const activations = (name: string): number =>
      runtime.api.requests.filter(({ path, status }) => path.endsWith(`/${name}`) && status === 202).length
    const synced = activations('pim-sync')
    const mended = killed > 0 ? await reconcile(sandbox) : 0
    const requests = (method: string, path: string): number =>
      aem.requests.filter((it) => it.method === method && it.path.startsWith(path)).length
    return {
      seed,
      events,
      products: akeneo.catalogue.products.size,
      assets: scene.assets.length,
      sent,
      successRate: sent.accepted / Math.max(1, sent.accepted + sent.failed),
      seconds,
      activations: { 'pim-events': sent.requests, 'pim-sync': synced },
      containers: {
        'pim-events': runtime.coldStarts('pim-events'),
        'pim-sync': runtime.coldStarts('pim-sync'),
      },
      kills: killed,
      mended,
      akeneo: {
        calls: akeneo.requests.length,
        byKind: countsOf(akeneo.requests.map(kindOf)),
        refused: akeneo.throttle.refusals(),
        mostAtOnce: akeneo.throttle.peak(),
      },
      aem: {
        searches: requests('GET', '/bin/querybuilder.json'),
        reads: requests('GET', '/adobe/assets/'),
        writes: requests('PATCH', '/adobe/assets/'),
      },
      state: killed > 0 ? 0 : state.requests.length,
      problems: [...problemsOf(scene, sandbox, akeneo), ...problemsOfSending(sent, scene.deliveries.length)],
    }
  } finally {
    await sandbox.close()
    await akeneo.close()
  }
}

/** What a call to the PIM asks for. */
function kindOf({ path, query, body }: Pick<RecordedRequest, 'path' | 'query' | 'body'>): string {
  if (path.endsWith('/token')) return 'token'
  if (/\/products(-uuid)?\/(?!search)[^/]+$/.test(path)) return 'one product'
  const search = `${query.search ?? ''}${body}`
  if (search.includes('parent')) return 'variants of a model'
  if (search.includes('updated')) return 'changes'
  if (search.includes('uuid')) return 'products of events'
  return path.includes('/products') ? 'products of assets' : path.slice(path.lastIndexOf('/') + 1)
}

function countsOf(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

type Scene = { deliveries: readonly Delivery[]; assets: readonly { sku: string; asset: AssetView }[] }

/** Products, a tenth of them variants; assets that show them; and events, each with the change that it tells of. */
function fill({ aem, clock }: Sandbox, akeneo: AkeneoStandIn, options: BurstOptions): Scene {
  const { seed, events, duplicates = 0.2 } = options
  const random = seededRandom(seed)
  const { catalogue } = akeneo
  const count = Math.max(10, Math.round(events * 0.4))
  const models = Math.max(1, Math.round(count / 10 / variantsOfModel))
  for (let model = 0; model < models; model++) catalogue.setModel(`model_${model}`)
  const skus = Array.from({ length: count }, (_, n) => `SKU-${n}`)
  const parentOf = (n: number): string | null =>
    n < models * variantsOfModel ? `model_${Math.floor(n / variantsOfModel)}` : null
  const text = (data: string) => [{ locale: null, scope: null, data }]
  for (const [n, sku] of skus.entries()) catalogue.setProduct(sku, { parent: parentOf(n) })
  const assets = skus.flatMap((sku, n) =>
    Array.from({ length: n % 10 === 9 ? 2 : 1 }, (_, copy) => {
      const path = `/content/dam/burst/${n % 50}/${sku} ${copy}.jpg`
      return { sku, asset: aem.addAsset({ path, assetMetadata: { 'wknd-skuid': sku } }) }
    }),
  )

  const different = Math.max(1, Math.round(events * (1 - duplicates)))
  const told = Array.from({ length: different }, (_, index) => {
    const n = Math.floor(random() * count)
    const sku = skus[n] ?? ''
    const ofModel = index % 50 === 49
    const change = (): void => {
      if (ofModel) {
        const values = { description: [{ locale: 'en_US', scope: 'ecommerce', data: `text ${index}` }] }
        catalogue.setModel(`model_${index % models}`, { values })
        return
      }
      catalogue.setProduct(sku, { parent: parentOf(n), values: { supplier: text(`supplier ${index}`) } })
    }
    const data: JsonObject = ofModel
      ? { product_model: { code: `model_${index % models}` } }
      : { product: { uuid: catalogue.bySku(sku)?.uuid ?? '' } }
    let body: string | undefined
    const write = (): string => {
      body ??= JSON.stringify({
        specversion: '1.0',
        id: `ev-${seed}-${index}`,
        source: 'pim',
        type: `com.akeneo.pim.v1.${ofModel ? 'product-model' : 'product'}.updated`,
        subject: randomUUID(),
        time: new Date(clock.now()).toISOString(),
        data: { ...data, author: { identifier: 'ada', type: 'user' } },
      })
      return body
    }
    return { index, change, write }
  })

  // The PIM changes in order; the events come later than that, each by as much as it happens.
  const moments = [
    ...told.map((event) => ({ at: event.index, event, isChange: true })),
    ...told.map((event) => ({ at: event.index + 0.5 + random() * delay, event, isChange: false })),
    ...Array.from({ length: events - different }, () => {
      const event = told[Math.floor(random() * told.length)] ?? told[0]
      return { at: (event?.index ?? 0) + 0.5 + random() * delay * 2, event, isChange: false }
    }),
  ].sort((a, b) => a.at - b.at)
  const deliveries: Delivery[] = []
  let changes: (() => void)[] = []
  for (const { event, isChange } of moments) {
    if (event === undefined) continue
    if (isChange) {
      changes.push(() => {
        event.change()
        event.write()
      })
      continue
    }
    const before = changes
    changes = []
    deliveries.push({
      beforehand: () => {
        for (const change of before.splice(0)) change()
      },
      get body() {
        return event.write()
      },
    })
  }
  return { deliveries, assets }
}

function killAtTimes({ runtime }: Sandbox, kills: number, events: number): { end(): Promise<number> } {
  const over = new AbortController()
  let killed = 0
  const killing = (async () => {
    // Spread over the time that sending takes.
    const everyMs = (events * 10) / (kills + 1)
    while (killed < kills) {
      await sleep(everyMs, undefined, { signal: over.signal })
      await runtime.kill('pim-sync')
      killed += 1
    }
  })().catch(() => undefined)
  return {
    async end() {
      over.abort()
      await killing
      return killed
    },
  }
}

/** Lets the alarm fire until a run finds nothing left to do. */
async function reconcile({ runtime }: Sandbox): Promise<number> {
  let mended = 0
  for (let run = 0; run < 10; run++) {
    const { status, body } = httpAnswer(await runtime.invoke('reconcile', {}))
    if (status !== 200 || !isJsonObject(body)) throw new Error(`reconcile failed: ${JSON.stringify(body)}`)
    mended += Number(body.updated)
    if (body.outcome === 'done') return mended
  }
  throw new Error('reconcile does not come to an end')
}

function problemsOf({ assets }: Scene, { aem }: Sandbox, { catalogue }: AkeneoStandIn): string[] {
  return assets.flatMap(({ sku, asset }) => {
    const product = catalogue.bySku(sku)
    if (product === undefined) return [`${sku} is gone`]
    const values = catalogue.allValues(product)
    const held = aem.asset(asset.id).assetMetadata
    return ['supplier', 'description'].flatMap((attribute) => {
      const wanted = values[attribute]?.[0]?.data
      const has = held[`wknd-${attribute}`]
      return wanted === has ? [] : [`${asset.path}: ${attribute} is ${has}, and ${wanted} in the PIM`]
    })
  })
}

function problemsOfSending({ statuses, accepted }: Sent, deliveries: number): string[] {
  const strangers = Object.keys(statuses).filter((status) => status !== '200' && status !== '429')
  return [
    ...strangers.map((status) => `${statuses[status]} requests ended with ${status}`),
    ...(accepted === deliveries ? [] : [`${accepted} of ${deliveries} deliveries were accepted`]),
  ]
}
