/**
 * Which events are accounted for. They are registered in the order of the journal and finished in any order; the
 * cursor may move to the last event before which all are finished.
 */
export type Accounting<Mark> = {
  /**
   * Registers the next event, or the end of a page.
   * @returns what to call, once or more often, when it is accounted for: done, skipped, parked or dead-lettered
   */
  register(mark: Mark): () => void
  /** The last mark that is accounted for, together with all before it; undefined while there is none. */
  committed(): Mark | undefined
  /** Registered, and not yet committed: what is kept in memory, and what a crash would repeat. */
  uncommitted(): number
}

type Entry<Mark> = { mark: Mark; isAccountedFor: boolean; next: Entry<Mark> | undefined }

/** Creates an accounting without entries. */
export function createAccounting<Mark>(): Accounting<Mark> {
  let first: Entry<Mark> | undefined
  let last: Entry<Mark> | undefined
  let committed: Mark | undefined
  let waiting = 0

  return {
    register(mark) {
      const entry: Entry<Mark> = { mark, isAccountedFor: false, next: undefined }
      if (last === undefined) first = entry
      else last.next = entry
      last = entry
      waiting += 1
      return () => {
        entry.isAccountedFor = true
        moveOn()
      }
    },
    committed: () => committed,
    uncommitted: () => waiting,
  }

  function moveOn(): void {
    while (first?.isAccountedFor) {
      committed = first.mark
      waiting -= 1
      first = first.next
    }
    if (first === undefined) last = undefined
  }
}
