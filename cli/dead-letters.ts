import { flows } from '../src/app/batch'
import { toBridgeError } from '../src/core/errors'
import type { DeadLetter } from '../src/delivery/dead-letters'
import { type Outcome, verdictOf } from '../src/flows/outcome'
import { perform } from '../src/flows/perform'
import { renderOutcome } from '../src/runtime/render'
import type { Environment } from './environment'
import { type CommandResult, UsageError } from './output'
import { each, failedItem, type Item, type Kind, none, only, type Selection, selected } from './selection'
import { shownRecord } from './shown-record'

const kind: Kind = {
  one: 'dead letter',
  many: 'dead letters',
  command: 'dead-letters',
  records: 'deadLetters',
}

type Command = (environment: Environment) => Promise<CommandResult>

/** The command behind `dead-letters <verb>`. */
export function deadLetterCommands(verb: string | undefined, selection: Selection): Command {
  switch (verb) {
    case 'list':
      none(selection, kind)
      return list
    case 'show': {
      const id = only(selection, kind)
      return (environment) => show(environment, id)
    }
    case 'replay': {
      const ids = selected(selection, kind)
      return (environment) => each(environment, { ids, kind }, replay)
    }
    case 'drop': {
      const ids = selected(selection, kind)
      return (environment) => each(environment, { ids, kind }, drop)
    }
    default:
      throw new UsageError(`dead-letters knows list, show, replay and drop${verb ? `, but not ${verb}` : ''}`)
  }
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
  const lines = data.map(
    ({ id, at, action, code, message }) => `${id}  ${at}  ${action}  ${code}\n    ${message}`,
  )
  return { data, text: lines.length === 0 ? 'There are no dead letters.' : lines.join('\n') }
}

async function show(environment: Environment, id: string): Promise<CommandResult> {
  const letter = await environment.deadLetters.read(id, environment.call().signal)
  if (letter === undefined) return { data: null, text: `There is no dead letter ${id}.`, failed: true }
  const data = shownRecord(letter, environment)
  return { data, text: JSON.stringify(data, null, 2) }
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
