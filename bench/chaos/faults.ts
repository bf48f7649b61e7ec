import type { Fault } from '../../sandbox/faults'
import { seededRandom } from '../../sandbox/faults'
import type { Sandbox } from '../../sandbox/sandbox'
import type { HttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { refusedName } from './backlog'

const mishaps: readonly Fault[] = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
  { kind: 'reset' },
  { kind: 'resetAfter' },
  { kind: 'latency', delayMs: 150 },
]
const cut: Fault = { kind: 'cut' }
const html: Fault = { kind: 'html' }

/** What goes wrong in a run of chaos. */
export type ChaosFaults = {
  /** How often it did so far. */
  count(): number
  /** How often the endpoint took a file and the answer was lost, by the path of the request. */
  lost: ReadonlyMap<string, number>
  /** AEM's blob store answers nothing but 503 from now on. @returns ends it */
  stopBlobs(): () => void
  /** Nothing fails by chance from now on. */
  calm(): void
}

/**
 * Lets every system that the app asks fail by chance; has a firewall refuse names at the endpoint; and has somebody edit
 * assets while they are enriched, of which the author tells too late.
 */
export function injectFaults(
  { ims, aem, state, journal }: Sandbox,
  endpoint: HttpsEndpoint,
  { seed, share, edited }: { seed: number; share: number; edited: readonly string[] },
): ChaosFaults {
  const byChance = [
    ims.faults.random({ seed: seed + 1, probability: share, faults: [...mishaps, cut] }),
    aem.faults.random({ seed: seed + 2, probability: share, faults: [...mishaps, cut, html] }),
    aem.blobs.faults.random({
      seed: seed + 3,
      probability: share,
      faults: [...mishaps, cut, { kind: 'truncate', afterBytes: 100 }, { kind: 'garbled' }],
    }),
    state.faults.random({ seed: seed + 4, probability: share, faults: [...mishaps, cut] }),
    journal.faults.random({ seed: seed + 5, probability: share, faults: [...mishaps, cut, html] }),
  ]
  const active = [...byChance]
  let isCalm = false
  const random = seededRandom(seed + 6)
  let atEndpoint = 0
  const lost = new Map<string, number>()
  endpoint.fault = ({ method, url = '' }) => {
    if (refusedName.test(url)) {
      atEndpoint += 1
      return { status: 403 }
    }
    if (isCalm || random() >= share) return undefined
    atEndpoint += 1
    const faults = [
      { status: 503 },
      { status: 429 },
      { status: 500 },
      { cutAfter: 1 },
      { lost: true },
    ] as const
    const fault = faults[Math.floor(random() * faults.length)]
    if (fault !== undefined && 'lost' in fault && method === 'PUT') lost.set(url, (lost.get(url) ?? 0) + 1)
    return fault
  }
  const toEdit = new Set(edited)
  aem.onBeforePatch = ({ id, etag, assetMetadata, repositoryMetadata }) => {
    if (!toEdit.delete(id)) return
    const body = { assetId: id, assetMetadata, repositoryMetadata }
    const stale: Fault = { kind: 'status', status: 200, headers: { etag }, body }
    active.push(
      aem.faults.add({ method: 'GET', path: `/adobe/assets/${id}/metadata`, times: 3, fault: stale }),
    )
    aem.edit(id, (asset) => {
      asset.assetMetadata['dc:title'] = editedTitle
    })
  }
  return {
    count: () => active.reduce((sum, one) => sum + one.hits(), atEndpoint),
    lost,
    stopBlobs() {
      const outage = aem.blobs.faults.add({ fault: { kind: 'status', status: 503 } })
      active.push(outage)
      return outage.remove
    },
    calm() {
      isCalm = true
      for (const one of byChance) one.remove()
    },
  }
}

/** What the edit leaves, which no enrichment may overwrite. */
export const editedTitle = 'edited meanwhile'
