import type { AemAsset } from './asset'
import type { GeneratedLibrary } from './generated-library'

/** All assets of an author: those that were added, and those of a generated library, as far as someone has changed them. */
export type AssetShelf = {
  /** To be read only. */
  get(id: string): AemAsset | undefined
  /** To be changed: from now on it is kept. */
  take(id: string): AemAsset | undefined
  at(path: string): AemAsset | undefined
  add(asset: AemAsset): void
  move(asset: AemAsset, path: string): void
  remove(id: string): void
  /** By the date of their creation, earliest first; `from` and `to` are included, in milliseconds since the epoch. */
  created(from: number, to: number): Iterable<AemAsset>
  /** Whether something lies below a path. */
  isFolder(path: string): boolean
  /** The number in the generated library; undefined for what was added. */
  numberOf(id: string): number | undefined
}

const createdOf = ({ repositoryMetadata }: AemAsset): number =>
  Date.parse(String(repositoryMetadata['repo:createDate'])) || 0

/** Creates the shelf of an author. */
export const createShelf = (library: GeneratedLibrary | undefined): AssetShelf => {
  const own = new Map<string, AemAsset>()
  const paths = new Map<string, string>()
  const gone = new Set<string>()
  /** By date; undefined when it has to be sorted anew. */
  let sorted: { asset: AemAsset; date: number }[] | undefined

  const generated = (id: string): number | undefined => (gone.has(id) ? undefined : library?.ofId(id))
  const get = (id: string): AemAsset | undefined => {
    const number = own.has(id) ? undefined : generated(id)
    return number === undefined ? own.get(id) : library?.at(number)
  }
  const add = (asset: AemAsset): void => {
    own.set(asset.id, asset)
    paths.set(asset.path, asset.id)
    sorted = undefined
  }

  /** A date may have been edited: what is kept is looked at anew each time it is sorted. */
  const ownByDate = (): readonly { asset: AemAsset; date: number }[] => {
    sorted ??= [...own.values()]
      .map((asset) => ({ asset, date: createdOf(asset) }))
      .sort((a, b) => a.date - b.date)
    return sorted
  }

  function* created(from: number, to: number): Generator<AemAsset> {
    const kept = ownByDate()
    let index = firstIndex(kept.length, (it) => (kept[it]?.date ?? 0) >= from)
    const size = library?.size ?? 0
    const start = firstIndex(size, (it) => (library?.createdAt(it) ?? 0) >= from)
    for (let number = start; library !== undefined && number < size; number++) {
      const date = library.createdAt(number)
      if (date > to) break
      for (let next = kept[index]; next !== undefined && next.date <= date; next = kept[++index])
        yield next.asset
      const id = library.idAt(number)
      if (!own.has(id) && !gone.has(id)) yield library.at(number)
    }
    for (let next = kept[index]; next !== undefined && next.date <= to; next = kept[++index]) yield next.asset
  }

  return {
    get,
    take: (id) => {
      const asset = get(id)
      if (asset === undefined || own.has(id)) {
        // Whoever takes it may change its date.
        sorted = undefined
        return asset
      }
      const kept = { ...asset }
      add(kept)
      return kept
    },
    at: (path) => {
      const id = paths.get(path)
      if (id !== undefined) return own.get(id)
      const number = library?.ofPath(path)
      if (number === undefined || library === undefined) return undefined
      const generatedId = library.idAt(number)
      return own.has(generatedId) || gone.has(generatedId) ? undefined : library.at(number)
    },
    add,
    move: (asset, path) => {
      paths.delete(asset.path)
      asset.path = path
      paths.set(path, asset.id)
    },
    remove: (id) => {
      const asset = own.get(id)
      if (asset !== undefined) paths.delete(asset.path)
      own.delete(id)
      gone.add(id)
      sorted = undefined
    },
    created,
    isFolder: (path) => {
      if (library?.hasFolder(path)) return true
      for (const other of paths.keys()) if (other.startsWith(`${path}/`)) return true
      return false
    },
    numberOf: (id) => library?.ofId(id),
  }
}

/** The first index below `length` for which the test holds, or `length`; it holds for all after that. */
const firstIndex = (length: number, test: (index: number) => boolean): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (test(middle)) high = middle
    else low = middle + 1
  }
  return low
}
