import { readLargeJournal } from './large-journal'

it('reads a journal of 100,000 events, one page in memory at a time', () =>
  readLargeJournal({ events: 100_000, pageLimit: 5_000 }))
