import { type Sort, sortOf } from './sort'

/** Parked work of one sort that waits for the same system: by the ids of its records, for its events may be large. */
export type Group = {
  sort: Sort
  ids: Set<string>
  /** Undefined for work that waits for room in the queue only. */
  system: string | undefined
  /** It was parked in this run for the first time. */
  isNew: boolean
}

/** The parked work of a run that is due and has to wait. */
export type Held = {
  keep(id: string, action: string, system: string | undefined, isNew?: boolean): void
  groups(): readonly Group[]
}

/** Creates it empty. */
export function createHeld(): Held {
  const groups = new Map<string, Group>()
  return {
    keep(id, action, system, isNew = false) {
      const sort = sortOf('parked', action)
      const key = JSON.stringify([sort, system ?? null, isNew])
      const group = groups.get(key) ?? { sort, system, isNew, ids: new Set<string>() }
      groups.set(key, group)
      group.ids.add(id)
    },
    groups: () => [...groups.values()].filter(({ ids }) => ids.size > 0),
  }
}
