import { flows } from '../src/app/batch'
import { toBridgeError } from '../src/core/errors'
import type { DeadLetter } from '../src/delivery/dead-letters'
import { type Outcome, verdictOf } from '../src/flows/outcome'
import { perform } from '../src/flows/perform'
import { renderOutcome } from '../src/runtime/render'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'
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
      return run((environment, interaction) => each(environment, chosen, drop, interaction), { destroys })
    })
}

async function list(environment: Environment): Promise<CommandResult> {
  const letters: DeadLetter[] = []
  const { signal } = environment.call()
  for await (const id of environment.deadLetters.ids(signal)) {
    const letter = await environment.deadLetters.read(id, signal)
    if (letter !== undefined) letters.push(letter)
  }
  letters.sort((a, b) => a.at.localeCompare(b.at))
  const data = letters.map(({ id, at, action, error }) => ({ id, at, action, ...error }))
  const lines = data.flatMap(({ id, at, action, code, message }) => [
    `${id}  ${at}  ${action}  ${code}`,
    `    ${message}`,
  ])
  return { data, lines: lines.length === 0 ? ['There are no dead letters.'] : lines }
}

async function show(environment: Environment, id: string): Promise<CommandResult> {
  const letter = await environment.deadLetters.read(id, environment.call().signal)
  if (letter === undefined) return { data: null, lines: [`There is no dead letter ${id}.`], failed: true }
  const data = shownRecord(letter, environment)
  return { data, lines: JSON.stringify(data, null, 2).split('\n') }
}

async function replay(environment: Environment, id: string): Promise<Item> {
  const call = environment.call()
  try {
    const letter = await environment.deadLetters.read(id, call.signal)
    if (letter === undefined) return absent(id)
    const { destination, action, event } = letter
    if (!Object.hasOwn(flows, action)) return failedItem(id, `no flow of the name ${action}`)
    const outcome = await perform({ id, action, event, destination }, flows, { ...environment, call, action })
    if (outcome.kind === 'retry' || outcome.kind === 'dead-letter') {
      const { code, message } = outcome.failure
      return failedItem(id, `${code}: ${message}`)
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

/** What failed for good at one of several destinations is a letter of its own. */
const isStillFailing = (outcome: Outcome): boolean =>
  verdictOf(outcome) === 'again' ||
  (outcome.kind === 'exported' &&
    outcome.destinations.length > 0 &&
    outcome.destinations.every(({ kind }) => kind === 'dead-letter'))

async function drop(environment: Environment, id: string): Promise<Item> {
  const { signal } = environment.call()
  if ((await environment.deadLetters.read(id, signal)) === undefined) return absent(id)
  await environment.deadLetters.remove(id, signal)
  return { id, ok: true, outcome: 'dropped', message: '' }
}

const absent = (id: string): Item => failedItem(id, 'there is no such dead letter')
