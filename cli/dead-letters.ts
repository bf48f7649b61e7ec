import { toBridgeError } from '../src/core/errors'
import type { DeadLetter } from '../src/delivery/dead-letters'
import { enrichEvent } from '../src/enrich'
import { exportEvent } from '../src/export'
import { asksAgain, type EventFlow } from '../src/flows/event-flow'
import type { Environment } from './environment'
import { type CommandResult, UsageError } from './output'

/** The flow of each action that writes dead letters: a replay takes the same way as the event did. */
const flows: Readonly<Record<string, EventFlow>> = {
  generic: enrichEvent,
  'export-asset': exportEvent,
  'export-worker': exportEvent,
}

type Selection = { ids: readonly string[]; all: boolean }
type Command = (environment: Environment) => Promise<CommandResult>

/** The command behind `dead-letters <verb>`. */
export function deadLetterCommands(verb: string | undefined, selection: Selection): Command {
  switch (verb) {
    case 'list':
      none(selection)
      return list
    case 'show': {
      const id = only(selection)
      return (environment) => show(environment, id)
    }
    case 'replay': {
      const ids = selected(selection)
      return (environment) => each(environment, ids, replay)
    }
    case 'drop': {
      const ids = selected(selection)
      return (environment) => each(environment, ids, drop)
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
  return { data: letter, text: JSON.stringify(letter, null, 2) }
}

type Item = { id: string; ok: boolean; outcome: string; message: string }

async function each(
  environment: Environment,
  ids: readonly string[] | 'all',
  act: (environment: Environment, id: string) => Promise<Item>,
): Promise<CommandResult> {
  const items: Item[] = []
  for (const id of ids === 'all' ? await allIds(environment) : ids) items.push(await act(environment, id))
  const lines = items.map(({ id, outcome, message }) => `${id}  ${outcome}  ${message}`)
  return {
    data: items,
    text: lines.length === 0 ? 'There are no dead letters.' : lines.join('\n'),
    failed: items.some(({ ok }) => !ok),
  }
}

async function replay(environment: Environment, id: string): Promise<Item> {
  const call = environment.call()
  try {
    const letter = await environment.deadLetters.read(id, call.signal)
    if (letter === undefined) return absent(id)
    const flow = Object.hasOwn(flows, letter.action) ? flows[letter.action] : undefined
    if (flow === undefined)
      return { id, ok: false, outcome: 'failed', message: `no flow of the name ${letter.action}` }
    const { destination: onlyDestination, action } = letter
    const flowResult = await flow(letter.event, { ...environment, call, action, onlyDestination })
    const [result, failed] = asksAgain(flowResult) ? [flowResult.result, true] : [flowResult, false]
    // A flow that reports on destinations writes the letter anew when it fails for good again.
    if (failed || result.outcome === 'dead-letter')
      return { id, ok: false, outcome: 'failed', message: result.message }
    await environment.deadLetters.remove(id, call.signal)
    return { id, ok: true, outcome: result.outcome, message: result.message }
  } catch (thrown) {
    const error = toBridgeError(thrown)
    return {
      id,
      ok: false,
      outcome: 'failed',
      message: environment.redactor.text(`${error.code}: ${error.message}`),
    }
  }
}

async function drop(environment: Environment, id: string): Promise<Item> {
  const { signal } = environment.call()
  if ((await environment.deadLetters.read(id, signal)) === undefined) return absent(id)
  await environment.deadLetters.remove(id, signal)
  return { id, ok: true, outcome: 'dropped', message: '' }
}

const absent = (id: string): Item => ({
  id,
  ok: false,
  outcome: 'failed',
  message: 'there is no such dead letter',
})

async function allIds(environment: Environment): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const id of environment.deadLetters.ids(environment.call().signal)) ids.push(id)
  return ids
}

/** What the command line names; checked before anything is opened. */
function selected({ ids, all }: Selection): readonly string[] | 'all' {
  if (all === ids.length > 0) throw new UsageError('name one id or more, or --all')
  return all ? 'all' : ids.map(checked)
}

function none({ ids, all }: Selection): void {
  if (all || ids.length > 0) throw new UsageError('list takes no id and no --all: it lists every dead letter')
}

function only({ ids, all }: Selection): string {
  const [id] = ids
  if (all || id === undefined || ids.length > 1) throw new UsageError('name the id of one dead letter')
  return checked(id)
}

function checked(id: string): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new UsageError(`${id} is no id: dead-letters list shows them`)
  return id
}
