import { startCall } from '../support/call'
import { startTestJournal } from './test-journal'

/** Reads a journal of so many events to its end, and checks that none was made before its page was asked for. */
export async function readLargeJournal({
  events,
  pageLimit,
}: {
  events: number
  pageLimit: number
}): Promise<void> {
  const { journal, reader, close } = await startTestJournal()
  let made = 0
  journal.appendMany(events, (id) => {
    made += 1
    return { id: `event-${id}` }
  })
  try {
    let count = 0
    for await (const read of reader({ pageLimit }).pages({ from: 'oldest' }, startCall())) {
      if (read.kind !== 'page') continue
      count += read.events.length
      expect(made - count).toBe(0)
    }
    expect(count).toBe(events)
  } finally {
    await close()
  }
}
