/**
 * Which events are accounted for. They are registered in the order of the journal and settled in any order; the
 * cursor may go as far as the last one before which nothing is open.
 */
export type Accounting<Mark> = {
  /**
   * Takes note of the next event, or of the end of a page.
   * @returns what to call, once or more often, when it is accounted for: done, skipped, parked or dead-lettered
   */
  register(mark: Mark): () => void
  /** The last mark that is settled together with all before it; undefined while there is none. */
  committed(): Mark | undefined
  /** Registered, and not yet committed: what is kept in memory, and what a crash would repeat. */
  uncommitted(): number
}

type Entry<Mark> = { mark: Mark; isSettled: boolean; next: Entry<Mark> | undefined }

/** Creates an empty one. */
export function createAccounting<Mark>(): Accounting<Mark> {
  let first: Entry<Mark> | undefined
  let last: Entry<Mark> | undefined
  let committed: Mark | undefined
  let waiting = 0

  return {
    register(mark) {
      const entry: Entry<Mark> = { mark, isSettled: false, next: undefined }
      if (last === undefined) first = entry
      else last.next = entry
      last = entry
      waiting += 1
      return () => {
        entry.isSettled = true
        moveOn()
      }
    },
    committed: () => committed,
    uncommitted: () => waiting,
  }

  function moveOn(): void {
    while (first?.isSettled) {
      committed = first.mark
      waiting -= 1
      first = first.next
    }
    if (first === undefined) last = undefined
  }
}
