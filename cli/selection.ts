import { InvalidArgumentError } from '@commander-js/extra-typings'
import { tally } from '../src/flows/overview'
import type { Environment } from './environment'
import { type Chosen, type Facts, type Filter, isFiltered, isIds, matches } from './filter'
import type { Interaction } from './host'
import type { CommandResult } from './output'
import { shownItem } from './shown-record'

/** The records that a command is about. */
export type Kind = {
  one: string
  many: string
  command: string
  records: 'deadLetters' | 'pending'
  /** All of them, as lists show them. */
  facts(environment: Environment): Promise<readonly (Facts & { id: string })[]>
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
  { chosen, kind }: { chosen: Chosen; kind: Kind },
  act: (environment: Environment, id: string) => Promise<Item>,
  { progress }: Interaction,
): Promise<CommandResult> {
  const items: Item[] = []
  const ids = isIds(chosen) ? chosen : await idsThat(environment, chosen, kind)
  for (const id of ids) {
    progress(`${items.length} of ${ids.length} ${kind.many}`)
    items.push(shownItem(await act(environment, id), environment))
  }
  const lines = items.map(({ id, outcome, message }) => `${id}  ${outcome}  ${message}`)
  return {
    data: items,
    lines: lines.length === 0 ? [`There are no ${kind.many}.`] : [...lines, ...summaryOf(items, kind.many)],
    failed: items.some(({ ok }) => !ok),
  }
}

async function idsThat(environment: Environment, filter: Filter, kind: Kind): Promise<readonly string[]> {
  if (isFiltered(filter)) {
    const all = await kind.facts(environment)
    return all.filter((facts) => matches(filter, facts)).map(({ id }) => id)
  }
  // What cannot be read is among all: it can be dropped.
  const ids: string[] = []
  for await (const id of environment[kind.records].ids(environment.call().signal)) ids.push(id)
  return ids
}

/** One line for several: how many, and what became of them. */
export function summaryOf(items: readonly Pick<Item, 'outcome'>[], many: string): readonly string[] {
  if (items.length < 2) return []
  const counts = tally(items.map(({ outcome }) => outcome))
  const numbers = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`)
  return [`${items.length} ${many}: ${numbers.join(', ')}`]
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
