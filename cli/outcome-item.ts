import { type Failure, type Outcome, verdictOf } from '../src/flows/outcome'
import { renderOutcome } from '../src/runtime/render'
import { failedItem, type Item } from './selection'

/**
 * The result of work that a command did.
 * @param id of what it is about: a dead letter, or the path of an asset
 */
export function itemOf(id: string, outcome: Outcome): Item {
  if (outcome.kind === 'retry') return failedItem(id, why(outcome.failure))
  if (outcome.kind === 'dead-letter') {
    // The asset's letter of this code is another one where the cause has changed, or a version before wrote this one.
    const other = outcome.deadLetter === id ? '' : ` (see also the dead letter ${outcome.deadLetter})`
    return failedItem(id, `${why(outcome.failure)}${other}`)
  }
  const { outcome: name, message } = renderOutcome(outcome)
  return isStillFailing(outcome) ? failedItem(id, message) : { id, ok: true, outcome: name, message }
}

const why = ({ code, message }: Failure): string => `${code}: ${message}`

/** What failed for good at one of several destinations is a letter of its own. */
const isStillFailing = (outcome: Outcome): boolean =>
  verdictOf(outcome) === 'again' ||
  (outcome.kind === 'exported' &&
    outcome.destinations.length > 0 &&
    outcome.destinations.every(({ kind }) => kind === 'dead-letter'))
