import { flows } from '../src/app/recorded-work'
import { toBridgeError } from '../src/core/errors'
import { createDropping, type Dropping } from '../src/delivery/dropped'
import { perform } from '../src/flows/perform'
import { syncAction } from '../src/flows/sync/recorded-work'
import type { Environment } from './environment'
import { type Chosen, chosenFrom, type Filter, inWords, isIds, matches, withFilter } from './filter'
import type { Interaction, Program, Run } from './host'
import { itemOf } from './outcome-item'
import { CommandError, type CommandResult, examples } from './output'
import { allLetters, letterFacts, letterLines } from './record-list'
import { each, failedItem, type Item, idOf, idsOf, type Kind } from './selection'
import { shownRecord } from './shown-record'

const kind: Kind = {
  one: 'dead letter',
  many: 'dead letters',
  command: 'dead-letters',
  records: 'deadLetters',
  facts: async (environment) => (await allLetters(environment)).map((it) => letterFacts(it, environment)),
}

export function addDeadLetters(program: Program, run: Run): void {
  const group = program.command('dead-letters').description('events that could not be processed')
  withFilter(group.command('list').description('all of them, newest last'))
    .addHelpText('after', examples('dead-letters list', 'dead-letters list --code METADATA_REFUSED --json'))
    .action((filter) => run((environment) => list(environment, filter)))
  group
    .command('show')
    .description('one of them, with the event and the reason')
    .argument('<id>', 'as list shows it', idOf(kind))
    .action((id) => run((environment) => show(environment, id)))
  withFilter(
    group
      .command('replay')
      .description('process them again, by the flow the event came for')
      .argument('[id...]', 'as list shows them', idsOf(kind), []),
  )
    .option('--all', 'all of them')
    .addHelpText('after', examples('dead-letters replay --all', 'dead-letters replay --code S3_REFUSED'))
    .action((ids, options) => {
      const chosen = chosenFrom(ids, options)
      const asks = isIds(chosen) ? undefined : `processes ${named(chosen)} again`
      return run((environment, interaction) => replayLetters(environment, chosen, interaction), { asks })
    })
  withFilter(
    group
      .command('drop')
      .description('forget them')
      .argument('[id...]', 'as list shows them', idsOf(kind), []),
  )
    .option('--all', 'all of them')
    .addHelpText('after', examples('dead-letters drop --all --yes', 'dead-letters drop --older-than P30D'))
    .action((ids, options) => {
      const chosen = chosenFrom(ids, options)
      const which = isIds(chosen) ? `the dead letters ${chosen.join(', ')}` : named(chosen)
      return run((environment, interaction) => dropLetters(environment, chosen, interaction), {
        destroys: `forgets ${which}: nothing brings them back`,
      })
    })
}

/** Processes dead letters again. */
export const replayLetters = (
  environment: Environment,
  chosen: Chosen,
  interaction: Interaction,
): Promise<CommandResult> => each(environment, { chosen, kind }, replay, interaction)

/** Forgets dead letters. */
export function dropLetters(
  environment: Environment,
  chosen: Chosen,
  interaction: Interaction,
): Promise<CommandResult> {
  const dropping = createDropping(environment)
  return each(environment, { chosen, kind }, (_, id) => drop(environment, id, dropping), interaction)
}

const named = (filter: Filter): string => `all dead letters${inWords(filter)}`

async function list(environment: Environment, filter: Filter): Promise<CommandResult> {
  const letters = (await allLetters(environment)).map((letter) => letterFacts(letter, environment))
  const data = letters.filter((facts) => matches(filter, facts))
  const none = `There are no dead letters${inWords(filter)}.`
  const lines = data.flatMap(letterLines).map(environment.redactor.text)
  return { data: shownRecord(data, environment), lines: data.length === 0 ? [none] : lines }
}

async function show(environment: Environment, id: string): Promise<CommandResult> {
  const letter = await environment.deadLetters.read(id, environment.call().signal)
  if (letter === undefined) throw new CommandError(`There is no dead letter ${id}.`)
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
    const item = itemOf(id, outcome)
    if (item.ok) await environment.deadLetters.remove(id, call.signal)
    return item
  } catch (thrown) {
    const error = toBridgeError(thrown)
    return failedItem(id, environment.redactor.text(`${error.code}: ${error.message}`))
  }
}

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
