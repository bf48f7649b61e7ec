import { InvalidArgumentError } from '@commander-js/extra-typings'
import { readersFor } from '../src/app/batch'
import { subjectOf } from '../src/delivery/subject'
import { eventKey, eventTime, eventType } from '../src/events/decode'
import { createCursorKeeper } from '../src/journal/cursor'
import { type JournalStart, journalStart } from '../src/journal/position'
import type { JournalEvent } from '../src/journal/reader'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { shownAge } from './record-list'

const usualEvents = 10
const maxEvents = 1_000

export function addJournal(program: Program, run: Run): void {
  const group = program.command('journal').description('the journals that export-batch reads')
  group
    .command('peek')
    .description('the next events that it will read; nothing is taken, and its cursor stays')
    .option('--limit <n>', `so many of each journal, up to ${maxEvents}`, limitOf, usualEvents)
    .option('--from <point>', 'not behind the cursor: oldest, or a duration back such as PT2H', pointOf)
    .addHelpText('after', examples('journal peek', 'journal peek --limit 100 --from PT2H --json | jq .'))
    .action(({ limit, from }) => run((environment) => peek(environment, { limit, from })))
  group
    .command('lag')
    .description('how old the oldest event is that is not accounted for')
    .addHelpText('after', examples('journal lag', 'journal lag --json | jq .'))
    .action(() => run(lag))
}

function limitOf(text: string): number {
  const limit = Number(text)
  if (/^\d+$/.test(text) && limit >= 1 && limit <= maxEvents) return limit
  throw new InvalidArgumentError(`--limit must be a whole number from 1 to ${maxEvents}`)
}

function pointOf(text: string): JournalStart {
  const point = journalStart(text)
  if ('problem' in point) throw new InvalidArgumentError(`--from ${point.problem}`)
  return point.value
}

/** What stands next in a journal, behind its cursor or another point. */
type Ahead = {
  /** The path names organisation and registration only. */
  journal: string
  /** How far export-batch has read, ISO 8601; null before its first run, and where it is not known. */
  cursorAt: string | null
  events: readonly JournalEvent[]
  /** What has expired unread. */
  gap: { from: string | null; to: string } | null
}

async function readAhead(
  environment: Environment,
  { limit, from }: { limit: number; from?: JournalStart | undefined },
): Promise<readonly Ahead[]> {
  const { store, clock } = environment
  const call = environment.call()
  const { readers, settings } = readersFor({ ...environment, call, action: 'export-batch' })
  const journals: Ahead[] = []
  for (const { url, reader } of readers) {
    const cursor = await createCursorKeeper(url, { store, clock }).load(call)
    const events: JournalEvent[] = []
    let gap: Ahead['gap'] = null
    for await (const read of reader.pages(from ?? cursor ?? settings.JOURNAL_START, call)) {
      if (read.kind === 'page') events.push(...read.events.slice(0, limit - events.length))
      else if (read.gap !== undefined) gap = { from: momentOf(read.gap.from), to: shownTime(read.gap.to) }
      if (events.length >= limit || (read.kind === 'page' && read.isEnd)) break
    }
    const cursorAt = momentOf(cursor?.at)
    journals.push({ journal: new URL(url).pathname, cursorAt, events, gap })
  }
  return journals
}

const shownTime = (ms: number): string => new Date(ms).toISOString()
const momentOf = (ms: number | undefined): string | null => (ms === undefined ? null : shownTime(ms))

async function peek(
  environment: Environment,
  how: { limit: number; from: JournalStart | undefined },
): Promise<CommandResult> {
  const { redactor } = environment
  const journals = await readAhead(environment, how)
  const data = journals.map(({ events, ...journal }) => ({
    ...journal,
    events: events.map(({ position, event }) => {
      const { path } = subjectOf(event)
      return {
        time: momentOf(eventTime(event)),
        type: shownText(eventType(event), environment),
        path: path === undefined ? null : redactor.text(path),
        id: shownText(eventKey(event).id, environment),
        position,
      }
    }),
  }))
  const lines = data.flatMap(({ journal, cursorAt, events, gap }) => [
    `${journal}  ${cursorAt === null ? 'not read yet' : `read up to ${cursorAt}`}`,
    ...gapLines(gap),
    ...events.map(({ time, type, path, id }) => `    ${time ?? 'no time'}  ${type}  ${path ?? ''}  ${id}`),
    ...(events.length === 0 ? ['    There is nothing new.'] : []),
  ])
  return { data, lines }
}

const maxText = 200

/** A sender may have written anything. */
const shownText = (text: string, { redactor }: Environment): string => redactor.text(text).slice(0, maxText)

async function lag(environment: Environment): Promise<CommandResult> {
  const { clock } = environment
  const data = (await readAhead(environment, { limit: 1 })).map(({ events, ...journal }) => {
    const [next] = events
    const time = next === undefined ? undefined : (eventTime(next.event) ?? next.at)
    // An event without a time is older than nothing.
    const lagSeconds = time === undefined ? 0 : Math.max(0, Math.round((clock.now() - time) / 1000))
    return { ...journal, isCaughtUp: next === undefined, next: momentOf(time), lagSeconds }
  })
  const lines = data.flatMap(({ journal, cursorAt, isCaughtUp, lagSeconds, gap }) => [
    `${journal}  ${cursorAt === null ? 'not read yet' : `read up to ${cursorAt}`}`,
    ...gapLines(gap),
    isCaughtUp ? '    It is read to its end.' : `    The next event is ${shownAge(lagSeconds)} old.`,
  ])
  return { data, lines, failed: data.some(({ gap }) => gap !== null) }
}

const gapLines = (gap: Ahead['gap']): string[] =>
  gap === null ? [] : [`    Events have expired unread: from ${gap.from ?? 'an unknown time'} to ${gap.to}.`]
