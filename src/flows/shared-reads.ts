import type { Asset, AssetRef } from '../core/asset'
import type { Clock } from '../core/clock'
import { jsonBytes } from '../core/json'

/** What one flow has read of assets, for another one that looks at them right after it. */
export type SharedReads = {
  /** Keeps an asset as it was read, whole, for a short time. One that is large is not kept. */
  keep(asset: Asset): void
  /** What was kept of an asset, once; undefined when it has to be read. */
  take(ref: AssetRef): Asset | undefined
}

/** In bytes of JSON. Each costs several of memory. */
const maxBytes = 2 * 1024 * 1024
const maxBytesOfOne = 64 * 1024
const maxAgeMs = 30_000

/** Creates what the flows of a few assets share. */
export function createSharedReads(clock: Pick<Clock, 'now'>): SharedReads {
  const kept = new Set<{ asset: Asset; at: number }>()
  let bytes = 0

  return {
    keep(asset) {
      const size = jsonBytes([asset.metadata, asset.repository])
      if (size > maxBytesOfOne || bytes + size > maxBytes) return
      bytes += size
      kept.add({ asset, at: clock.now() })
    },
    take(ref) {
      const found = [...kept].find(({ asset }) => isAbout(ref, asset))
      if (found === undefined) return undefined
      kept.delete(found)
      return clock.now() - found.at <= maxAgeMs ? found.asset : undefined
    },
  }
}

const isAbout = ({ origin, id, path }: AssetRef, asset: Asset): boolean =>
  asset.origin === origin && (id === undefined ? path === asset.path && path !== '' : id === asset.id)
