import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { toBridgeError } from '../core/errors'
import { parseJson } from '../core/json'
import type { Store } from '../store/store'
import type { Cursor, JournalStart } from './position'

/**
 * The cursor of one journal, or of polling one PIM, during one run. A lost save only means that events are read
 * twice.
 */
export type CursorKeeper = {
  /**
   * The cursor that the last run left; undefined when there is none.
   * @throws {BridgeError} when the store fails: the position is then unknown, and the run has to end
   */
  load(call: CallContext): Promise<Cursor | undefined>
  /**
   * Sets where reading begins without a cursor, and saves that at once, so that a run that fails early loses no later
   * events.
   * @throws {BridgeError} when the store fails
   */
  begin(start: JournalStart, call: CallContext): Promise<void>
  /**
   * Moves the cursor to the position up to which everything is accounted for. Saves it when the last save is long
   * enough ago. After a failed save it tries again later.
   * @throws {BridgeError} when the store cannot be written at all, or failed several times in a row: the run has to
   * end where it stands
   */
  advance(cursor: Cursor | undefined, call: CallContext): Promise<void>
  /**
   * Saves the cursor at the end of a run, the one that was loaded if it has not moved, so that it never expires.
   * @throws {BridgeError} when the store fails: the next run begins where the last save was
   */
  flush(call: CallContext): Promise<void>
}

const CursorRecord = v.object({
  position: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** ISO 8601. */
  at: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** ISO 8601. */
  written: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** ISO 8601. */
  began: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** ISO 8601. */
  from: v.optional(v.pipe(v.string(), v.isoTimestamp())),
})

/** The longest lifetime in State: a year. */
const ttlSeconds = 365 * 24 * 3600
const usualSaveEveryMs = 15_000
const usualMaxFailures = 3

/** The key of a cursor: `cursor.<hash of what it belongs to>`. */
export const cursorKey = (source: string): string =>
  `cursor.${createHash('sha256').update(source).digest('hex').slice(0, 32)}`

/**
 * Creates the keeper of a cursor for one run.
 * @param source what the key is made of: the endpoint of a journal as `parseJournalUrls` gives it, or what PIM it is
 */
export function createCursorKeeper(
  source: string,
  parts: { store: Store; clock: Clock; saveEveryMs?: number; maxFailures?: number },
): CursorKeeper {
  const { store, clock, saveEveryMs = usualSaveEveryMs, maxFailures = usualMaxFailures } = parts
  const key = cursorKey(source)
  let known: Cursor | undefined
  let triedAt = clock.now()
  let failures = 0
  /** One save at a time: an older cursor must not arrive after a newer one. */
  let saving: Promise<void> | undefined

  return {
    async load(call) {
      const text = await store.get(key, call.signal)
      known = text === undefined ? undefined : readRecord(text, call)
      return known
    },
    async begin(start, call) {
      if (start.from === 'oldest') return
      const from = clock.now() - (start.from === 'back' ? start.ms : 0)
      known = { position: undefined, at: undefined, from }
      await save(call)
    },
    async advance(cursor, call) {
      if (cursor === undefined) return
      known = cursor
      if (saving !== undefined || clock.now() - triedAt < saveEveryMs) return
      await save(call).catch((thrown: unknown) => {
        call.signal.throwIfAborted()
        const error = toBridgeError(thrown)
        failures += 1
        if (error.failureClass !== 'transient' || failures >= maxFailures) throw error
        call.logger.warn('the cursor could not be saved; trying again later', { error: error.message })
      })
    },
    async flush(call) {
      await saving?.catch(() => undefined)
      await save(call)
    },
  }

  async function save(call: CallContext): Promise<void> {
    if (known === undefined) return
    triedAt = clock.now()
    saving = store.put(key, writeRecord(known), ttlSeconds, call.signal).finally(() => {
      saving = undefined
    })
    await saving
    failures = 0
  }
}

function writeRecord({ position, at, written, began, from }: Cursor): string {
  const moments = { at: moment(at), written: moment(written), began: moment(began), from: moment(from) }
  return JSON.stringify({ position, ...moments })
}

const moment = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString()

/** For a cursor that exists but cannot be parsed: begins with the oldest event, whatever JOURNAL_START says. */
function readRecord(text: string, call: CallContext): Cursor {
  const record = v.safeParse(CursorRecord, parseJson(text))
  if (!record.success) {
    call.logger.error(
      'CURSOR_UNREADABLE: the stored cursor is not one of ours; beginning with the oldest event',
    )
    return { position: undefined, at: undefined }
  }
  const { position, at, written, began, from } = record.output
  return {
    position,
    at: at === undefined ? undefined : Date.parse(at),
    ...(written === undefined ? {} : { written: Date.parse(written) }),
    ...(began === undefined ? {} : { began: Date.parse(began) }),
    ...(from === undefined ? {} : { from: Date.parse(from) }),
  }
}
