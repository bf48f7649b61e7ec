import { workOffPending } from '../src/app/recorded-work'
import { toBridgeError } from '../src/core/errors'
import { verdictOf } from '../src/flows/outcome'
import { renderWorkedOff } from '../src/runtime/render'
import type { Environment } from './environment'
import { type Chosen, chosenFrom, type Filter, inWords, matches, withFilter } from './filter'
import type { Interaction, Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { allPending, pendingFacts, pendingLines } from './record-list'
import { each, failedItem, type Item, idsOf, type Kind } from './selection'
import { shownRecord } from './shown-record'

const kind: Kind = {
  one: 'piece of pending work',
  many: 'pieces of pending work',
  command: 'pending',
  records: 'pending',
  facts: async (environment) =>
    (await allPending(environment)).map((piece) => ({ id: piece.id, ...pendingFacts(piece, environment) })),
}

export function addPending(program: Program, run: Run): void {
  const group = program.command('pending').description('work that was accepted and is not done')
  withFilter(group.command('list').description('all of it, newest last'))
    .addHelpText('after', examples('pending list', 'pending list --destination sftp --json'))
    .action((filter) => run((environment) => list(environment, filter)))
  withFilter(
    group
      .command('run')
      .description('do it now, from this machine')
      .argument('[id...]', 'as list shows them', idsOf(kind), []),
  )
    .option('--all', 'all of it')
    .addHelpText('after', examples('pending run --all', 'pending run --destination sftp'))
    .action((ids, options) => {
      const chosen = chosenFrom(ids, options)
      return run((environment, interaction) => runPending(environment, chosen, interaction))
    })
}

/** Does pending work now. */
export const runPending = (
  environment: Environment,
  chosen: Chosen,
  interaction: Interaction,
): Promise<CommandResult> => each(environment, { chosen, kind }, work, interaction)

async function list(environment: Environment, filter: Filter): Promise<CommandResult> {
  const all = await allPending(environment)
  const pieces = all.filter((piece) => matches(filter, pendingFacts(piece, environment)))
  const data = pieces.map((piece) => ({ ...piece, ...pendingFacts(piece, environment) }))
  const lines = pieces.flatMap((piece) => pendingLines(piece, environment))
  return {
    data: shownRecord(data, environment),
    lines: lines.length === 0 ? [`There is no pending work${inWords(filter)}.`] : lines,
  }
}

async function work(environment: Environment, id: string): Promise<Item> {
  const call = environment.call()
  try {
    const context = { ...environment, call, action: 'export-worker' }
    const [worked = { id, outcome: undefined }] = await workOffPending([id], context)
    const verdict = worked.outcome === undefined ? 'done' : verdictOf(worked.outcome)
    const { outcome, message } = renderWorkedOff(worked)
    return { id, ok: verdict !== 'again' && verdict !== 'dead-letter', outcome, message }
  } catch (thrown) {
    const error = toBridgeError(thrown)
    return failedItem(id, environment.redactor.text(`${error.code}: ${error.message}`))
  }
}
