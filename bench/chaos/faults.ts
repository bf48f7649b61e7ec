import type { Fault } from '../../sandbox/faults'
import { seededRandom } from '../../sandbox/faults'
import type { Sandbox } from '../../sandbox/sandbox'
import type { HttpsEndpoint } from '../../sandbox/targets/https-endpoint'

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

/** Lets every system that the app asks fail by chance; returns how often it did so far. */
export function injectFaults(
  { ims, aem, state, journal }: Sandbox,
  endpoint: HttpsEndpoint,
  { seed, share }: { seed: number; share: number },
): () => number {
  const active = [
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
  const random = seededRandom(seed + 6)
  let atEndpoint = 0
  endpoint.fault = () => {
    if (random() >= share) return undefined
    atEndpoint += 1
    const faults = [
      { status: 503 },
      { status: 429 },
      { status: 500 },
      { cutAfter: 1 },
      { lost: true },
    ] as const
    return faults[Math.floor(random() * faults.length)]
  }
  return () => active.reduce((sum, one) => sum + one.hits(), atEndpoint)
}
