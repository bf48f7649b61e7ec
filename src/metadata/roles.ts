import type { Asset } from '../core/asset'
import { itemsOf } from './values'

/** What an asset is to its products: their main picture, or one of the others, by its position. */
export type AssetRole = { role: 'main' } | { role: 'gallery'; position?: number }

/** What a role is read from. */
export type RoleSource = Pick<Asset, 'name' | 'metadata'>

/** Says which role an asset has; undefined when it has none. */
export type RoleRule = {
  roleOf(asset: RoleSource): AssetRole | undefined
  /** The metadata properties that `roleOf` reads; without any, the name of the file is enough. */
  reads: readonly string[]
}

/**
 * The role from the file name: what the first group of the pattern catches is `main`, `gallery`, or the position. A group
 * that catches nothing means the main picture, and a name that does not match has no role.
 * `/_(\d+)\.\w+$/` reads `lamp_1.png` as main and `lamp_2.png` as the second of the gallery.
 * @param options.main the position that means the main picture @default 1
 */
export function roleByFileName(pattern: RegExp, { main = 1 }: { main?: number } = {}): RoleRule {
  // Without `g` and `y`: such a pattern keeps its position from the name before.
  const own = new RegExp(pattern, pattern.flags.replace(/[gy]/g, ''))
  return {
    reads: [],
    roleOf({ name }) {
      const match = own.exec(name)
      return match === null ? undefined : roleIn(match[1] ?? 'main', main)
    },
  }
}

/** The role from a metadata property: `main`, `gallery`, `gallery 3`, or the position alone. */
export const roleByProperty = (property: string): RoleRule => ({
  reads: [property],
  roleOf({ metadata }) {
    const [value] = itemsOf(Object.hasOwn(metadata, property) ? metadata[property] : undefined)
    return value === undefined ? undefined : roleIn(String(value), undefined)
  },
})

function roleIn(text: string, main: number | undefined): AssetRole | undefined {
  const word = text.trim().toLowerCase()
  if (word === 'main') return { role: 'main' }
  const [, isNamed, digits] = /^(gallery)?[ _-]?(\d{1,6})?$/.exec(word) ?? []
  if (digits === undefined) return isNamed === undefined ? undefined : { role: 'gallery' }
  const position = Number(digits)
  return position === main ? { role: 'main' } : { role: 'gallery', position }
}
