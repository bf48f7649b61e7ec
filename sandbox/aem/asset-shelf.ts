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

type Dated = { asset: AemAsset; date: number }
const dated = (asset: AemAsset): Dated => ({ asset, date: createdOf(asset) })
/** Above this, all are sorted anew. */
const MOST_MOVED = 200

/** Creates the shelf of an author. */
export const createShelf = (library: GeneratedLibrary | undefined): AssetShelf => {
  const own = new Map<string, AemAsset>()
  const paths = new Map<string, string>()
  const gone = new Set<string>()
  /** By date, but for those that someone has taken, added or removed since. */
  let sorted: Dated[] = []
  const dates = new Map<string, number>()
  const touched = new Set<string>()

  const generated = (id: string): number | undefined => (gone.has(id) ? undefined : library?.ofId(id))
  const get = (id: string): AemAsset | undefined => {
    const number = own.has(id) ? undefined : generated(id)
    return number === undefined ? own.get(id) : library?.at(number)
  }
  const add = (asset: AemAsset): void => {
    own.set(asset.id, asset)
    paths.set(asset.path, asset.id)
    touched.add(asset.id)
  }

  /** A date may have been edited: what was touched is looked at anew, and hardly ever moves. */
  const ownByDate = (): readonly Dated[] => {
    const moved = [...touched].filter((id) => dateOfOwn(id) !== dates.get(id))
    touched.clear()
    // Taking out and putting in moves all that comes behind.
    if (moved.length > MOST_MOVED) sorted = [...own.values()].map(dated).sort((a, b) => a.date - b.date)
    else for (const id of moved) move(id)
    for (const id of moved) {
      const date = dateOfOwn(id)
      if (date === undefined) dates.delete(id)
      else dates.set(id, date)
    }
    return sorted
  }

  const dateOfOwn = (id: string): number | undefined => {
    const asset = own.get(id)
    return asset === undefined ? undefined : createdOf(asset)
  }

  const move = (id: string): void => {
    if (dates.has(id)) {
      const index = sorted.findIndex(({ asset }) => asset.id === id)
      sorted.splice(index, 1)
    }
    const asset = own.get(id)
    if (asset === undefined) return
    const entry = dated(asset)
    sorted.splice(
      firstIndex(sorted.length, (it) => (sorted[it]?.date ?? 0) > entry.date),
      0,
      entry,
    )
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
        if (asset !== undefined) touched.add(id)
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
      touched.add(id)
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
