import { createHash } from 'node:crypto'

/** Shuffles by a seed, so that no item is the last in every run. @param seed such as the start time of the run */
export function inAnyOrder<T extends string>(items: readonly T[], seed: number): T[] {
  const placed = items.map((item) => ({
    item,
    place: createHash('sha256').update(`${seed} ${item}`).digest('hex'),
  }))
  return placed.sort((one, other) => (one.place < other.place ? -1 : 1)).map(({ item }) => item)
}
