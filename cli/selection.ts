import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { Environment } from './environment'
import type { Interaction } from './host'
import { type CommandResult, UsageError } from './output'
import { shownItem } from './shown-record'

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
  { progress }: Interaction,
): Promise<CommandResult> {
  const items: Item[] = []
  const chosen = ids === 'all' ? await allIds(environment, kind) : ids
  for (const id of chosen) {
    progress(`${items.length} of ${chosen.length} ${kind.many}`)
    items.push(shownItem(await act(environment, id), environment))
  }
  const lines = items.map(({ id, outcome, message }) => `${id}  ${outcome}  ${message}`)
  return {
    data: items,
    lines: lines.length === 0 ? [`There are no ${kind.many}.`] : lines,
    failed: items.some(({ ok }) => !ok),
  }
}

async function allIds(environment: Environment, { records }: Kind): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const id of environment[records].ids(environment.call().signal)) ids.push(id)
  return ids
}

/** One id or more, or all. */
export function selected(ids: readonly string[], all: boolean | undefined): readonly string[] | 'all' {
  if ((all ?? false) === ids.length > 0) throw new UsageError('name one id or more, or --all')
  return all ? 'all' : ids
}

/** For an argument that is the id of a record; checked before anything is opened. */
export const idOf =
  ({ command }: Kind) =>
  (id: string): string => {
    if (!/^[0-9a-f]{32}$/.test(id))
      throw new InvalidArgumentError(`${id} is no id: ${command} list shows them`)
    return id
  }

/** For an argument of several ids. */
export const idsOf =
  (kind: Kind) =>
  (id: string, before: readonly string[] | undefined): readonly string[] => [
    ...(before ?? []),
    idOf(kind)(id),
  ]
