import { workOffPending } from '../src/app/batch'
import { toBridgeError } from '../src/core/errors'
import { verdictOf } from '../src/flows/outcome'
import { renderWorkedOff } from '../src/runtime/render'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { ageOf, pathOf, readAll, shownAge } from './record-list'
import { each, failedItem, type Item, idsOf, type Kind, selected } from './selection'
import { shownRecord } from './shown-record'

const kind: Kind = {
  one: 'piece of pending work',
  many: 'pieces of pending work',
  command: 'pending',
  records: 'pending',
}

export function addPending(program: Program, run: Run): void {
  const group = program.command('pending').description('work that was accepted and is not done')
  group
    .command('list')
    .description('all of it, newest last')
    .addHelpText('after', examples('pending list', 'pending list --json | jq .'))
    .action(() => run(list))
  group
    .command('run')
    .description('do it now, from this machine')
    .argument('[id...]', 'as list shows them', idsOf(kind), [])
    .option('--all', 'all of it')
    .addHelpText('after', examples('pending run --all'))
    .action((ids, { all }) => {
      const chosen = { ids: selected(ids, all), kind }
      return run((environment, interaction) => each(environment, chosen, work, interaction))
    })
}

async function list(environment: Environment): Promise<CommandResult> {
  const pieces = await readAll(environment, kind, environment.pending.read)
  pieces.sort((a, b) => a.since.localeCompare(b.since))
  const data = pieces.map((piece) => ({
    ...piece,
    path: pathOf(piece, environment),
    code: piece.history.at(-1)?.code,
    age: ageOf(piece.since, environment),
    tries: piece.attempts,
  }))
  const lines = data.flatMap(({ id, since, action, destination, attempts, nextTry, history, path, age }) => [
    `${id}  since ${since}  ${destination ?? action}  tries: ${attempts}, next not before ${nextTry}`,
    `    ${[path, `age ${shownAge(age)}`].filter(Boolean).join('  ')}`,
    ...history.slice(-1).map(({ code, message }) => `    ${code}: ${message}`),
  ])
  return {
    data: shownRecord(data, environment),
    lines: lines.length === 0 ? ['There is no pending work.'] : lines,
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
