import { eventWorkId } from './dead-letters'

// State has no atomic update and no sets, so a letter itself holds which events it has counted: a mark of eight
// hexadecimal digits each, the last ones. So a count is exact as long as the events are few and come one after the
// other, and about right otherwise.

const digits = 8
/** 4 KB in each letter, at most. */
const most = 500

/** The marks of the events that were counted, one after the other. */
export type SeenEvents = string

const markOf = (event: unknown): string => eventWorkId(event).slice(0, digits)

/** Whether an event is among them. */
export function hasSeen(seen: SeenEvents, event: unknown): boolean {
  const mark = markOf(event)
  for (let at = 0; at < seen.length; at += digits) if (seen.startsWith(mark, at)) return true
  return false
}

/** With one event more; the oldest marks go when there are too many. */
export const withSeen = (seen: SeenEvents, event: unknown): SeenEvents =>
  hasSeen(seen, event) ? seen : lastOf(seen + markOf(event))

/** The marks of both. */
export function joinedSeen(older: SeenEvents, newer: SeenEvents): SeenEvents {
  const marks = new Set<string>()
  for (const seen of [older, newer])
    for (let at = 0; at < seen.length; at += digits) marks.add(seen.slice(at, at + digits))
  return lastOf([...marks].join(''))
}

const lastOf = (seen: SeenEvents): SeenEvents => seen.slice(-digits * most)
