import type { Environment } from './environment'
import { type CommandResult, UsageError } from './output'
import { shownItem } from './shown-record'

/** What the command line names. */
export type Selection = { ids: readonly string[]; all: boolean }

/** The records that a command is about. */
export type Kind = {
  one: string
  many: string
  command: string
  records: 'deadLetters' | 'pending'
}

/** The result for one record. */
export type Item = { id: string; ok: boolean; outcome: string; message: string }

export const failedItem = (id: string, message: string): Item => ({
  id,
  ok: false,
  outcome: 'failed',
  message,
})

/** Runs work on each record, one after the other. A failure of one does not stop the others. */
export async function each(
  environment: Environment,
  { ids, kind }: { ids: readonly string[] | 'all'; kind: Kind },
  act: (environment: Environment, id: string) => Promise<Item>,
): Promise<CommandResult> {
  const items: Item[] = []
  for (const id of ids === 'all' ? await allIds(environment, kind) : ids)
    items.push(shownItem(await act(environment, id), environment))
  const lines = items.map(({ id, outcome, message }) => `${id}  ${outcome}  ${message}`)
  return {
    data: items,
    text: lines.length === 0 ? `There are no ${kind.many}.` : lines.join('\n'),
    failed: items.some(({ ok }) => !ok),
  }
}

async function allIds(environment: Environment, { records }: Kind): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const id of environment[records].ids(environment.call().signal)) ids.push(id)
  return ids
}

/** One id or more, or all; checked before anything is opened. */
export function selected({ ids, all }: Selection, kind: Kind): readonly string[] | 'all' {
  if (all === ids.length > 0) throw new UsageError('name one id or more, or --all')
  return all ? 'all' : ids.map((id) => checked(id, kind))
}

export function none({ ids, all }: Selection, { many }: Kind): void {
  if (all || ids.length > 0) throw new UsageError(`list takes no id and no --all: it lists all ${many}`)
}

export function only({ ids, all }: Selection, kind: Kind): string {
  const [id] = ids
  if (all || id === undefined || ids.length > 1) throw new UsageError(`name the id of one ${kind.one}`)
  return checked(id, kind)
}

function checked(id: string, { command }: Kind): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new UsageError(`${id} is no id: ${command} list shows them`)
  return id
}
