import { workOffPending } from '../src/app/batch'
import { toBridgeError } from '../src/core/errors'
import { verdictOf } from '../src/flows/outcome'
import { renderWorkedOff } from '../src/runtime/render'
import type { Environment } from './environment'
import { type CommandResult, UsageError } from './output'
import { ageOf, pathOf, readAll, shownAge } from './record-list'
import { each, failedItem, type Item, type Kind, none, type Selection, selected } from './selection'

const kind: Kind = {
  one: 'piece of pending work',
  many: 'pieces of pending work',
  command: 'pending',
  records: 'pending',
}

/** The command behind `pending <verb>`. */
export function pendingCommands(
  verb: string | undefined,
  selection: Selection,
): (environment: Environment) => Promise<CommandResult> {
  switch (verb) {
    case 'list':
      none(selection, kind)
      return list
    case 'run': {
      const ids = selected(selection, kind)
      return (environment) => each(environment, { ids, kind }, run)
    }
    default:
      throw new UsageError(`pending knows list and run${verb ? `, but not ${verb}` : ''}`)
  }
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
  return { data, text: lines.length === 0 ? 'There is no pending work.' : lines.join('\n') }
}

async function run(environment: Environment, id: string): Promise<Item> {
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
