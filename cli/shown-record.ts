import type { Environment } from './environment'

/** Levels of a record that are shown: an event has 64 at most. */
const shownDepth = 80

/** A record as it is shown. It is stored, and executed, as it came: a path or a SKU may hold the text of a secret. */
export const shownRecord = (record: unknown, { redactor }: Pick<Environment, 'redactor'>): unknown =>
  redactor.value(record, shownDepth)

/** The result for a record as it is shown. */
export const shownItem = <Item extends { message: string }>(item: Item, { redactor }: Environment): Item => ({
  ...item,
  message: redactor.text(item.message),
})
