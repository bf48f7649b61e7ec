import {
  type ExplainedAsset,
  explainAsset,
  isAbout,
  type JournalEvents,
  lastEvents,
} from '../src/app/explain'
import { toBridgeError } from '../src/core/errors'
import type { Environment } from './environment'
import { durationOf } from './filter'
import type { Program, Run } from './host'
import { namedAsset } from './named-asset'
import { type CommandResult, examples } from './output'
import { allLetters, allPending, letterFacts, letterLines, pendingFacts, pendingLines } from './record-list'
import { shownRecord } from './shown-record'
import { factLine, leftAlone } from './told-lines'

const day = { text: 'P1D', ms: 24 * 3_600_000 }

export function addAsset(program: Program, run: Run): void {
  program
    .command('asset')
    .description('what became of an asset: AEM, PIM, what would be written, destinations, records, events')
    .argument('<path or id>', 'such as /content/dam/shop/lamp.png or urn:aaid:aem:...', namedAsset)
    .option(
      '--host <host>',
      'of the author, one of AEM_AUTHOR_URLS; without it, the first that has the asset',
    )
    .option(
      '--since <duration>',
      'how far back the journal is read, such as PT2H or 3d (default: P1D)',
      durationOf,
    )
    .addHelpText('after', examples('asset /content/dam/shop/lamp.png', 'asset urn:aaid:aem:... --json'))
    .action((named, { host, since = day }) =>
      run((environment) => showAsset(environment, { ...named, host }, since)),
    )
}

type Problem = { code: string; message: string }

/**
 * What became of an asset.
 * @param since how far back the journal is read
 */
export async function showAsset(
  environment: Environment,
  named: Parameters<typeof explainAsset>[0],
  since: typeof day = day,
): Promise<CommandResult> {
  const context = { ...environment, call: environment.call(), action: 'asset' }
  const explained = await explainAsset(named, context)
  const { asset, enrichment, destinations } = explained
  const problems: Problem[] = explained.problems.map(problemOf)
  const orProblem = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work
    } catch (thrown) {
      context.call.signal.throwIfAborted()
      problems.push(problemOf(thrown))
      return otherwise
    }
  }
  const [allOfLetters, allOfPending, journal] = await Promise.all([
    orProblem(allLetters(environment), []),
    orProblem(allPending(environment), []),
    orProblem<JournalEvents | undefined>(lastEvents(asset, since, context), {
      events: [],
      earlier: 0,
      read: [],
    }),
  ])
  const letters = allOfLetters.filter(({ event }) => isAbout(event, asset))
  const pieces = allOfPending.filter(({ event }) => isAbout(event, asset))
  const { skipped, match, changes, told } = enrichment
  const inStep = isInStep(explained)
  const data = {
    asset,
    inStep,
    ...(skipped === undefined ? {} : { skipped }),
    match,
    changes,
    ...(told === undefined ? {} : { told }),
    destinations,
    deadLetters: letters.map((letter) => letterFacts(letter, environment)),
    pending: pieces.map((piece) => {
      const { id, action, since: parkedSince, nextTry, history } = piece
      const message = history.at(-1)?.message
      return { id, action, since: parkedSince, nextTry, message, ...pendingFacts(piece, environment) }
    }),
    events: journal?.events ?? [],
    journal: {
      since: since.text,
      read: journal?.read ?? [],
      ...(journal === undefined || journal.earlier === 0 ? {} : { earlier: journal.earlier }),
    },
    ...(problems.length === 0 ? {} : { problems }),
  }
  const lines = [
    `${asset.path ?? named.path ?? ''}  ${asset.id ?? ''}  ${asset.host ?? ''}`.trim(),
    inStep ? 'in step' : 'NOT IN STEP',
    ...problems.map(({ code, message }) => `problem  ${code}: ${message}`),
    ...(skipped === undefined ? [] : [`skipped  ${skipped}`]),
    ...enrichmentLines(enrichment),
    ...destinations.map(
      ({ name, due, state, key, why }) =>
        `destination  ${name}  ${due ? 'due' : 'not due'}  ${state}  ${key ?? ''}  (${why})`,
    ),
    ...titled(
      'dead letters',
      letters.flatMap((letter) => letterLines(letterFacts(letter, environment))),
    ),
    ...titled(
      'pending work',
      pieces.flatMap((piece) => pendingLines(piece, environment)),
    ),
    ...eventLines(journal, since.text),
  ]
  return {
    data: shownRecord(data, environment),
    lines: lines.map((line) => environment.redactor.text(line)),
    failed: !inStep,
  }
}

/** What AEM and the destinations hold is what they should; records and the journal say nothing about that. */
function isInStep({ asset, enrichment, destinations, problems }: ExplainedAsset): boolean {
  const { skipped, match, changes, told = [] } = enrichment
  return (
    asset.host !== null &&
    problems.length === 0 &&
    skipped === undefined &&
    match.products.length > 0 &&
    [...changes, ...told].every(({ action }) => action === 'keep') &&
    destinations.every(({ due, state }) => !due || state === 'in-step')
  )
}

function problemOf(thrown: unknown): Problem {
  const { code, message } = toBridgeError(thrown)
  return { code, message }
}

/** Also what a dry run of `enrich` prints. */
export function enrichmentLines({
  match,
  changes,
  told = [],
}: ExplainedAsset['enrichment']): readonly string[] {
  const { rule, candidates, products } = match
  const asked = candidates.length === 0 ? 'none' : candidates.join(', ')
  return [
    rule === null
      ? `match  no product; candidates: ${asked}`
      : `match  ${rule}: ${asked}; products: ${products.join(', ')}`,
    ...changes.map(({ property, rule, old, new: next, action, why, owner, recorded, leftAloneUntil }) => {
      const values =
        action === 'keep' ? JSON.stringify(old) : `${JSON.stringify(old)} -> ${JSON.stringify(next)}`
      const known = recorded === undefined ? '' : recorded ? ', recorded' : ', not recorded'
      const whose = owner === undefined ? '' : `; owner ${owner}${known}`
      return `${action}  ${property}  ${values}  (${rule}${whose}; ${why}${leftAlone(leftAloneUntil)})`
    }),
    ...told.map(factLine),
  ]
}

const titled = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [`no ${title}`] : [`${title}:`, ...lines.map((line) => `  ${line}`)]

function eventLines(journal: JournalEvents | undefined, since: string): readonly string[] {
  if (journal === undefined) return ['no events: JOURNAL_URL is not set']
  const { events, earlier, read } = journal
  return [
    ...titled(
      'events in the journal',
      events.map(({ id, time, type, host, problem }) =>
        [time, type, id, host, problem].filter(Boolean).join('  '),
      ),
    ),
    ...(earlier === 0 ? [] : [`  and ${earlier} earlier ones`]),
    ...read.map(({ entries, until, stopped }) => {
      const where = stopped === 'end' ? 'its end' : `the limit of ${entries} entries, at ${until}`
      return `the journal was read from ${since} ago to ${where} (${entries} entries)`
    }),
  ]
}
