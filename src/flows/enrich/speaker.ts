import type { Asset } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import type { AssetRole, RoleRule } from '../../metadata/roles'
import {
  isSameAsset,
  type Known,
  knownOf,
  type ProductAsset,
  type ProductAssetParts,
  productAssetsOf,
  roleOf,
} from './product-assets'

/** The asset that speaks is this one, or the one at the path; without a path, none does. */
export type Speaker = { isThis: true } | { isThis: false; path?: string }

/**
 * Finds which asset tells a product something: the first one by role and id that enrichment does not leave alone. The
 * assets of a product are those that name it in the link property, and this one. The index of the search lags: for some
 * seconds two assets may speak, unless one run does both.
 */
export function createSpeakers(asset: Asset, parts: ProductAssetParts, call: CallContext) {
  const { siblings, enrichment } = parts
  const { roles } = enrichment
  const products = productAssetsOf(parts)
  /** What a role is read from, and the id, are known of most without a request. */
  const isReadFirst = ({ ref }: ProductAsset): boolean =>
    ref.id === undefined || (roles !== undefined && roles.reads.length > 0)

  return { of }

  /**
   * The asset that tells this product what is told by a role.
   * @throws {BridgeError} as the search and AEM do
   */
  async function of(product: string, as: AssetRole | undefined): Promise<Speaker> {
    const candidates = siblings === undefined ? [own()] : await candidatesOf(product)
    const ranked = candidates.flatMap((one) => {
      const rank = rankOf(one.role, as)
      return rank === undefined ? [] : [{ ...one, rank }]
    })
    ranked.sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
    for (const { one } of ranked) {
      if (one === undefined) return { isThis: true }
      const { maySpeak } = await products.read(one, product, call)
      if (maySpeak) return { isThis: false, ...(one.ref.path === undefined ? {} : { path: one.ref.path }) }
    }
    return { isThis: false }
  }

  async function candidatesOf(product: string): Promise<readonly Candidate[]> {
    const finding = products.of(product, call)
    // Others may wait for the same search.
    products.note(product, asset, knownOf(asset, true, roles))
    const { list, isCut } = await finding
    // When there are too many, each of them looks at the same ones.
    const isOneOf = !isCut || list.some(({ ref }) => isSameAsset(ref, asset))
    // It changes while others wait.
    const others = list.filter(({ ref }) => !isSameAsset(ref, asset))
    const candidates: Candidate[] = isOneOf ? [own()] : []
    for (const one of others) {
      const known = one.known ?? (isReadFirst(one) ? await products.read(one, product, call) : undefined)
      // Most often, it is gone.
      if (known?.maySpeak !== false) candidates.push(candidateOf(one, known, roles))
    }
    return candidates
  }

  function own(): Candidate {
    return { one: undefined, id: idAt(asset.id, asset.origin), role: roleOf(asset, asset.path, roles) }
  }
}

/** An asset that may be the one that speaks; undefined: this one. */
type Candidate = { one: ProductAsset | undefined; id: string; role: AssetRole | undefined }

function candidateOf(one: ProductAsset, known: Known | undefined, roles: RoleRule | undefined): Candidate {
  const { id = '', origin, path = '' } = one.ref
  const { role } = known ?? { role: roleOf({ name: '', metadata: {} }, path, roles) }
  return { one, id: idAt(known?.id ?? id, origin), role }
}

/** Differs for each asset of all authors. */
const idAt = (id: string, origin: string): string => `${id} ${origin}`

/** Undefined when an asset with this role does not tell what is told by the role that is asked for. */
function rankOf(role: AssetRole | undefined, as: AssetRole | undefined): number | undefined {
  if (as === undefined) return role?.role === 'main' ? 0 : 1
  if (role?.role !== as.role) return undefined
  if (role.role === 'main' || as.role === 'main') return 0
  return as.position === undefined || as.position === role.position ? (role.position ?? 0) : undefined
}
