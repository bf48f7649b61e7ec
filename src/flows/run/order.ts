import { createHash } from 'node:crypto'

/** Another order for each run, so that nothing is always the last. @param seed such as the moment of its begin */
export function inAnyOrder<T extends string>(items: readonly T[], seed: number): T[] {
  const placed = items.map((item) => ({
    item,
    place: createHash('sha256').update(`${seed} ${item}`).digest('hex'),
  }))
  return placed.sort((one, other) => (one.place < other.place ? -1 : 1)).map(({ item }) => item)
}
