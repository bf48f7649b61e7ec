import type { Asset } from '../../../core/asset'
import type { RoleRule } from '../../../plugin/destinations'
import { type StampOwner, stampedId } from './stamp'

/** The whole collection of a product, from what is in it. */
export type Arrange = (codes: readonly string[]) => Promise<readonly string[]>

/** Adds a code at the end, once. */
export const atTheEnd =
  (code: string): Arrange =>
  async (codes) =>
    codes.includes(code) ? codes : [...codes, code]

/** The owner of an asset in a family, with its role; undefined without one. */
export function ownerWithRole(asset: Asset | undefined, roles: RoleRule | undefined): StampOwner | undefined {
  const role = asset && roles?.roleOf(asset)
  if (asset === undefined || role === undefined) return undefined
  const position = role.role === 'gallery' ? role.position : undefined
  return { id: stampedId(asset.id), note: position === undefined ? role.role : `${role.role}-${position}` }
}

/**
 * Adds a code, and puts what has a role first: main, then the gallery by position, then the gallery without one; of equal
 * ones the lowest id. The rest follows in its order.
 * @param ownerOf tells the role of an asset of the family; undefined where it has none, or nobody knows
 */
export const byRole =
  (code: string, ownerOf: (code: string) => Promise<StampOwner | undefined>): Arrange =>
  async (codes) => {
    const all = await atTheEnd(code)(codes)
    const ranked = await Promise.all(
      all.map(async (one) => {
        const { id, note } = (await ownerOf(one)) ?? { id: '' }
        return { one, rank: rankOf(note), id }
      }),
    )
    return ranked
      .sort((a, b) => a.rank - b.rank || (a.rank === noRole ? 0 : compare(a.id, b.id)))
      .map(({ one }) => one)
  }

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Positions have six digits at most. */
const [noPosition, noRole] = [1_000_000, 1_000_001]

function rankOf(note: string | undefined): number {
  if (note === 'main') return -1
  const [, position] = /^gallery(?:-(\d+))?$/.exec(note ?? 'none') ?? []
  if (position !== undefined) return Number(position)
  return note === 'gallery' ? noPosition : noRole
}
