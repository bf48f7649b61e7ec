import type { AssetSearch } from '../../aem/asset-search'
import type { AssetsClient } from '../../aem/assets-client'
import type { Asset, AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { BridgeError } from '../../core/errors'
import type { MemoryGate } from '../../http/memory-gate'
import { leaveReason } from '../../metadata/left-alone'
import type { AssetRole, RoleRule } from '../../metadata/roles'
import { heldValue, itemsOf } from '../../metadata/values'
import { type EnrichmentRules, isUsedBy, settingsOf } from '../../plugin/enrichment'

export type SpeakerParts = {
  assets: AssetsClient
  memory: MemoryGate
  enrichment: EnrichmentRules
  /** Finds the other assets of a product; without it, an asset speaks for all its products. */
  siblings?: { search: AssetSearch; origins: readonly string[] } | undefined
}

/** The asset that speaks is this one, or the one at the path; without a path, none does. */
export type Speaker = { isThis: true } | { isThis: false; path?: string }

/** Assets of a product that are looked at. */
const maxSiblings = 200

/** A candidate, and what is known of it before it is read. */
type Candidate = { ref: AssetRef; id: string; path: string; asset?: Asset }

/**
 * Finds which asset tells a product something: the first one by role and id that enrichment does not leave alone. The
 * assets of a product are those that name it in the link property, and this one. The index of the search lags: for some
 * seconds two assets may speak.
 */
export function createSpeakers(asset: Asset, parts: SpeakerParts, call: CallContext) {
  const { siblings, enrichment, assets, memory } = parts
  const { roles, linkProperty } = enrichment
  const keeps = isUsedBy(enrichment)
  const found = new Map<string, Promise<readonly Candidate[]>>()

  return { of }

  /**
   * The asset that tells this product what is told by a role.
   * @throws {BridgeError} as the search and AEM do
   */
  async function of(product: string, as: AssetRole | undefined): Promise<Speaker> {
    const known = found.get(product) ?? candidates(product)
    found.set(product, known)
    const ranked = (await known).flatMap((one) => {
      const rank = rankOf(roleOf(one, roles), as)
      return rank === undefined ? [] : [{ one, rank }]
    })
    ranked.sort((a, b) => a.rank - b.rank || (idIn(a.one) < idIn(b.one) ? -1 : 1))
    for (const { one } of ranked) {
      if (one.asset === asset) return { isThis: true }
      const read = one.asset ?? (await readOne(one.ref))
      if (read !== undefined && maySpeakFor(read, product, enrichment))
        return { isThis: false, path: one.path }
    }
    return { isThis: false }
  }

  async function candidates(product: string): Promise<readonly Candidate[]> {
    const own: Candidate = { ref: asset, id: asset.id, path: asset.path, asset }
    if (siblings === undefined) return [own]
    const hits: AssetRef[] = []
    for (const origin of siblings.origins) {
      for await (const page of siblings.search.find(
        origin,
        { property: linkProperty, values: [product] },
        call,
      )) {
        hits.push(...page)
        if (hits.length >= maxSiblings) break
      }
    }
    const others: Candidate[] = []
    for (const ref of hits.slice(0, maxSiblings)) {
      const { id, path = '' } = ref
      if (isOwn(ref)) continue
      // What a role is read from, and the id, are known of most without a request.
      const needed = id === undefined || (roles !== undefined && roles.reads.length > 0)
      const read = needed ? await readOne(ref) : undefined
      if (needed && read === undefined) continue
      others.push({ ref, id: read?.id ?? id ?? '', path, ...(read === undefined ? {} : { asset: read }) })
    }
    if (hits.length < maxSiblings) return [...others, own]
    call.logger.warn('a product has many assets: only some of them may speak for it', {
      product,
      assets: maxSiblings,
    })
    // Each of them looks at the same ones.
    return hits.some(isOwn) ? [...others, own] : others
  }

  /** A copy at another author may have the same id, and the same path. */
  function isOwn({ origin, id, path }: AssetRef): boolean {
    return origin === asset.origin && (id === asset.id || path === asset.path)
  }

  /** The index lags: the asset may be gone. */
  async function readOne(ref: AssetRef): Promise<Asset | undefined> {
    try {
      return await memory.run(ref.origin, call, (one) => assets.readAsset(ref, one, keeps))
    } catch (thrown) {
      if (!(thrown instanceof BridgeError) || thrown.code !== 'ASSET_NOT_FOUND') throw thrown
      return undefined
    }
  }
}

/**
 * Tells whether an asset names a product, and is one that enrichment does not leave alone.
 * @throws {BridgeError} permanent, `MAPPING_FAILED`, when the function `skip` throws
 */
export function maySpeakFor(asset: Asset, product: string, enrichment: EnrichmentRules): boolean {
  const linked = itemsOf(heldValue(asset.metadata, enrichment.linkProperty)).map(String)
  return linked.includes(product) && leaveReason(asset, settingsOf(enrichment)) === undefined
}

/** Differs for each asset of all authors. */
const idIn = ({ id, ref }: Candidate): string => `${id} ${ref.origin}`

function roleOf({ asset, path }: Candidate, roles: RoleRule | undefined): AssetRole | undefined {
  const name = asset?.name || path.slice(path.lastIndexOf('/') + 1)
  return roles?.roleOf({ name, metadata: asset?.metadata ?? {} })
}

/** Undefined when an asset with this role does not tell what is told by the role that is asked for. */
function rankOf(role: AssetRole | undefined, as: AssetRole | undefined): number | undefined {
  if (as === undefined) return role?.role === 'main' ? 0 : 1
  if (role?.role !== as.role) return undefined
  if (role.role === 'main' || as.role === 'main') return 0
  return as.position === undefined || as.position === role.position ? (role.position ?? 0) : undefined
}
