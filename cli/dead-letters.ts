import { flows } from '../src/app/batch'
import { toBridgeError } from '../src/core/errors'
import { createDropping, type Dropping } from '../src/delivery/dropped'
import { type Failure, type Outcome, verdictOf } from '../src/flows/outcome'
import { perform } from '../src/flows/perform'
import { syncAction } from '../src/flows/sync/recorded-work'
import { renderOutcome } from '../src/runtime/render'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { ageOf, pathOf, readAll, shownAge } from './record-list'
import { each, failedItem, type Item, idOf, idsOf, type Kind, selected } from './selection'
import { shownRecord } from './shown-record'

const kind: Kind = {
  one: 'dead letter',
  many: 'dead letters',
  command: 'dead-letters',
  records: 'deadLetters',
}

export function addDeadLetters(program: Program, run: Run): void {
  const group = program.command('dead-letters').description('events that could not be processed')
  group
    .command('list')
    .description('all of them, newest last')
    .addHelpText('after', examples('dead-letters list', 'dead-letters list --json | jq .'))
    .action(() => run(list))
  group
    .command('show')
    .description('one of them, with the event and the reason')
    .argument('<id>', 'as list shows it', idOf(kind))
    .action((id) => run((environment) => show(environment, id)))
  group
    .command('replay')
    .description('process them again, by the flow the event came for')
    .argument('[id...]', 'as list shows them', idsOf(kind), [])
    .option('--all', 'all of them')
    .addHelpText('after', examples('dead-letters replay --all'))
    .action((ids, { all }) => {
      const chosen = { ids: selected(ids, all), kind }
      return run((environment, interaction) => each(environment, chosen, replay, interaction))
    })
  group
    .command('drop')
    .description('forget them')
    .argument('[id...]', 'as list shows them', idsOf(kind), [])
    .option('--all', 'all of them')
    .addHelpText('after', examples('dead-letters drop --all --yes'))
    .action((ids, { all }) => {
      const chosen = { ids: selected(ids, all), kind }
      const destroys = `forgets ${all ? 'all dead letters' : `the dead letters ${ids.join(', ')}`}: nothing brings them back`
      return run(
        (environment, interaction) => {
          const dropping = createDropping(environment)
          return each(environment, chosen, (_, id) => drop(environment, id, dropping), interaction)
        },
        { destroys },
      )
    })
}

async function list(environment: Environment): Promise<CommandResult> {
  const letters = await readAll(environment, kind, environment.deadLetters.read)
  letters.sort((a, b) => a.at.localeCompare(b.at))
  const data = letters.map(({ id, at, action, error, ...letter }) => {
    const { firstFailure: since = at, destination, tries = 1, count = 1 } = letter
    const path = pathOf(letter, environment)
    const age = ageOf(since, environment)
    return { id, at, action, ...error, path, destination, since, age, tries, count }
  })
  const lines = data.flatMap(({ id, at, action, code, message, path, destination, age, tries, count }) => [
    `${id}  ${at}  ${action}  ${code}`,
    `    ${[path, destination, `age ${shownAge(age)}, tries: ${tries}, events: ${count}`].filter(Boolean).join('  ')}`,
    `    ${message}`,
  ])
  return { data, lines: lines.length === 0 ? ['There are no dead letters.'] : lines }
}

async function show(environment: Environment, id: string): Promise<CommandResult> {
  const letter = await environment.deadLetters.read(id, environment.call().signal)
  if (letter === undefined) return { data: null, lines: [`There is no dead letter ${id}.`], failed: true }
  // Nobody reads thousands of hexadecimal digits.
  const { seen: _, ...rest } = letter
  const data = shownRecord(rest, environment)
  return { data, lines: JSON.stringify(data, null, 2).split('\n') }
}

async function replay(environment: Environment, id: string): Promise<Item> {
  const call = environment.call()
  try {
    const letter = await environment.deadLetters.read(id, call.signal)
    if (letter === undefined) return absent(id)
    const { destination, action, event } = letter
    if (!Object.hasOwn(flows, action)) return failedItem(id, `no flow of the name ${action}`)
    const own = { ...environment, call, action, isReplay: true }
    const outcome = await perform({ action, event, destination }, flows, own)
    if (outcome.kind === 'retry') return failedItem(id, why(outcome.failure))
    if (outcome.kind === 'dead-letter') {
      // The asset's letter of this code is another one where the cause has changed, or a version before wrote this one.
      const other = outcome.deadLetter === id ? '' : ` (see also the dead letter ${outcome.deadLetter})`
      return failedItem(id, `${why(outcome.failure)}${other}`)
    }
    const rendered = renderOutcome(outcome)
    if (isStillFailing(outcome)) return failedItem(id, rendered.message)
    await environment.deadLetters.remove(id, call.signal)
    return { id, ok: true, outcome: rendered.outcome, message: rendered.message }
  } catch (thrown) {
    const error = toBridgeError(thrown)
    return failedItem(id, environment.redactor.text(`${error.code}: ${error.message}`))
  }
}

const why = ({ code, message }: Failure): string => `${code}: ${message}`

/** What failed for good at one of several destinations is a letter of its own. */
const isStillFailing = (outcome: Outcome): boolean =>
  verdictOf(outcome) === 'again' ||
  (outcome.kind === 'exported' &&
    outcome.destinations.length > 0 &&
    outcome.destinations.every(({ kind }) => kind === 'dead-letter'))

async function drop(environment: Environment, id: string, dropping: Dropping): Promise<Item> {
  const { signal } = environment.call()
  const letter = await environment.deadLetters.read(id, signal)
  if (letter === undefined) return absent(id)
  // No journal brings the work of pim-sync again: it is named by its asset, and the next change is work of the same name.
  const isKept = letter.action === syncAction || (await dropping.mark(letter, signal))
  await environment.deadLetters.remove(id, signal)
  const message = isKept
    ? 'its events make no letter for eight days'
    : 'so many were dropped in the last eight days that this one may come back with the next run'
  return { id, ok: true, outcome: 'dropped', message }
}

const absent = (id: string): Item => failedItem(id, 'there is no such dead letter')
