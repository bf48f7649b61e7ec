import type { JsonObject } from '../json'
import { type Answer, json } from '../server'

/** Akeneo says no; the message is worded as the PIM words it. */
export class Refused extends Error {
  readonly status: number
  /** What is wrong with single values. */
  readonly errors: JsonObject[] | undefined

  constructor(status: number, message: string, errors?: JsonObject[]) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

/** `{ code, message }`, the error format of Akeneo's REST API. */
export const refused = (status: number, message: string, headers: Record<string, string> = {}): Answer =>
  json(status, { code: status, message }, headers)

/** Akeneo's wording of one or several names that it does not know. */
export const unknownNames = (
  one: string,
  many: string,
  names: readonly string[],
  end: [string, string],
): string =>
  names.length > 1 ? `${many} "${names.join(', ')}" ${end[1]}` : `${one} "${names.join('')}" ${end[0]}`
