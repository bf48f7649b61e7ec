import type { Asset, AssetRef } from '../core/asset'
import type { Clock } from '../core/clock'
import { jsonBytes } from '../core/json'

/** What one flow has read of assets, for another one that looks at them right after it. */
export type KeptReads = {
  /** Keeps an asset as it was read last, whole, for half a minute. One that is large is not kept. */
  keep(asset: Asset): void
  /** What was kept of an asset, which is then kept no longer; undefined when it has to be read. */
  take(ref: AssetRef): Asset | undefined
}

/** In bytes of JSON. Each costs several of memory. */
const maxBytes = 2 * 1024 * 1024
const maxBytesOfOne = 64 * 1024
const maxAgeMs = 30_000

/** Creates what the flows of a few assets share. */
export function createKeptReads(clock: Pick<Clock, 'now'>): KeptReads {
  /** By origin and id. */
  const kept = new Map<string, { asset: Asset; bytes: number; at: number }>()
  let held = 0

  return { keep, take }

  function keep(asset: Asset): void {
    take(asset)
    const bytes = jsonBytes([asset.metadata, asset.repository])
    if (bytes > maxBytesOfOne || held + bytes > maxBytes) return
    held += bytes
    kept.set(keyOf(asset), { asset, bytes, at: clock.now() })
  }

  function take(ref: AssetRef): Asset | undefined {
    const found = [...kept.values()].find(({ asset }) => isAbout(ref, asset))
    if (found === undefined) return undefined
    held -= found.bytes
    kept.delete(keyOf(found.asset))
    return clock.now() - found.at <= maxAgeMs ? found.asset : undefined
  }
}

const keyOf = ({ origin, id }: Asset): string => `${origin} ${id}`

const isAbout = ({ origin, id, path }: AssetRef, asset: Asset): boolean =>
  asset.origin === origin && (id === undefined ? path === asset.path && path !== '' : id === asset.id)
