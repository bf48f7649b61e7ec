import { type ImsStandIn, startIms } from '../../sandbox/ims'
import { type JournalStandIn, startJournal } from '../../sandbox/journal'
import { createRedactor } from '../../src/core/redaction'
import { createHttpClient } from '../../src/http/http-client'
import { createTokenProvider } from '../../src/ims/token-provider'
import type { Cursor, JournalStart } from '../../src/journal/position'
import {
  createJournalReader,
  type JournalRead,
  type JournalReader,
  type JournalReaderOptions,
} from '../../src/journal/reader'
import { startCall, type TestCall } from '../support/call'
import { createTestClock, type TestClock } from '../support/test-clock'

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['adobeio_api'] }
const orgId = 'ORG@AdobeOrg'

/** A journal with its IMS, and the app's reader in front of them, all on one clock that stands still. */
export type TestJournal = {
  clock: TestClock
  ims: ImsStandIn
  journal: JournalStandIn
  reader(options?: Partial<JournalReaderOptions>): JournalReader
  /** Reads to the end. */
  readAll(from?: Cursor | JournalStart, options?: Partial<JournalReaderOptions>): Promise<JournalRead[]>
  close(): Promise<void>
}

export async function startTestJournal(): Promise<TestJournal> {
  const clock = createTestClock()
  const ims = await startIms({ clock, ...credentials })
  const journal = await startJournal({ clock, clientId: 'client-1', orgId, isValidToken: ims.isValid })
  function reader(options: Partial<JournalReaderOptions> = {}): JournalReader {
    const http = createHttpClient({ clock })
    const tokens = createTokenProvider(
      { imsUrl: ims.url, ...credentials },
      { http, redactor: createRedactor(), clock },
    )
    return createJournalReader(
      { url: journal.journalUrl, apiKey: 'client-1', orgId, ...options },
      { http, tokens, clock },
    )
  }
  return {
    clock,
    ims,
    journal,
    reader,
    readAll: (from = { from: 'oldest' }, options = {}) => collect(reader(options), from),
    async close() {
      await journal.close()
      await ims.close()
    },
  }
}

/** All that a reader yields until it ends. */
export async function collect(
  reader: JournalReader,
  from: Cursor | JournalStart,
  call: TestCall = startCall(),
): Promise<JournalRead[]> {
  const reads: JournalRead[] = []
  for await (const read of reader.pages(from, call)) reads.push(read)
  return reads
}

/** The ids of all events among them. */
export const idsOf = (reads: readonly JournalRead[]): string[] =>
  reads.flatMap((read) => (read.kind === 'page' ? read.events.map(({ event }) => Object(event).id) : []))

/** How far one is when all of them are accounted for. */
export function endOf(reads: readonly JournalRead[]): Cursor {
  const last = reads.at(-1)
  if (last?.kind !== 'page') throw new Error('expected a page at the end')
  return last.next
}
