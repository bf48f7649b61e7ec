import { type AuthorAccess, openAuthors } from '../aem/author-access'
import { systemClock } from '../core/clock'
import { systemicError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import { createHttpClient, type HttpClient } from '../http/http-client'
import { perInputs } from '../inputs/raw-inputs'
import { parseSettings, type Settings } from '../inputs/settings'

/** What speaks to the outside: the one HTTP client of a container, the authors, and the token that they take. */
export type Access = AuthorAccess & {
  settings: Settings
  http: HttpClient
  /** An input by name; undefined when it is not set. For connectors. */
  input(name: string): string | undefined
  /** @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input and what to set */
  requireInput(name: string, hint: string): string
}

/**
 * Opened once per container and inputs, whatever flows run there: they share tokens and connections.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export const accessFor: (context: FlowContext) => Access = perInputs(({ inputs, redactor }: FlowContext) => {
  const settings = parseSettings(inputs)
  const http = createHttpClient()
  return {
    ...openAuthors(settings, { http, redactor, clock: systemClock }),
    settings,
    http,
    input: (name) => inputs[name],
    requireInput(name, hint) {
      const value = inputs[name]
      if (value === undefined) throw systemicError('INPUT_INVALID', `${name} is not set: ${hint}`)
      return value
    },
  }
})
