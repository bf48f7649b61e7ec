import { type AuthorAccess, openAuthors } from '../aem/author-access'
import { systemClock } from '../core/clock'
import type { FlowContext } from '../flows/event-flow'
import { createHttpClient, type HttpClient } from '../http/http-client'
import { createMemoryGate } from '../http/memory-gate'
import { perInputs } from '../inputs/raw-inputs'
import { authorInputs, readSettings } from './settings'

/** The access to outside systems: the HTTP client of a container, the authors, and their tokens. */
export type Access = AuthorAccess & { http: HttpClient }

/** The organisation counts for journals only. */
const read = Object.keys(authorInputs).filter((name) => !/_ORG_?ID$/.test(name))

/** Of the whole container, whatever the inputs. */
export const containerMemory = createMemoryGate()

/** The HTTP client of a container and its inputs. */
export const httpFor: (context: FlowContext) => HttpClient = perInputs(() => createHttpClient())

/**
 * Opened once per container and the inputs that it is built from, whatever becomes of others. All flows share its tokens
 * and connections.
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export const accessFor: (context: FlowContext) => Access = perInputs((context: FlowContext) => {
  const { inputs, redactor } = context
  const settings = readSettings(inputs)
  const http = httpFor(context)
  return { ...openAuthors(settings, { http, redactor, clock: systemClock }), http }
}, read)
