import { eventWorkId } from '../delivery/dead-letters'
import { decodeEvent } from '../events/decode'
import { changes, type Happening, happeningOf } from '../events/happening'

/** A unit of work: an event for the flow of an action, for one destination only or as a whole. */
export type Work = {
  action: string
  event: unknown
  destination?: string | undefined
  /** Of its record, if it has been parked. */
  id?: string | undefined
}

/**
 * The id of the `pending` record of a unit of work. The event of a record is masked and may be shortened, so the id cannot
 * always be computed from it.
 */
export const idOf = ({ id, action, event, destination }: Work): string =>
  id ??
  eventWorkId(event, destination ?? (action === enriching && isForBoth(event) ? enrichmentPart : undefined))

/** The actions whose flows handle what happened. */
export const actionsFor = (happening: Happening): readonly ('generic' | 'export-asset')[] =>
  isChange(happening)
    ? ['generic', 'export-asset']
    : happening === 'processed'
      ? ['generic']
      : ['export-asset']

const isChange = (happening: Happening | undefined): boolean => changes.some((one) => one === happening)

const enriching = 'generic'
/** In place of a destination: no destination has this name, for names have no space before them. */
const enrichmentPart = ' generic'

/** Whether an event is work of two actions: then each has a record of its own. */
function isForBoth(event: unknown): boolean {
  try {
    return isChange(happeningOf(decodeEvent(event)))
  } catch {
    return false
  }
}

/** The part of a unit of work that is for one destination; the whole of it when that is undefined. */
export const partOf = (work: Work, destination: string | undefined): Work =>
  work.destination === destination
    ? work
    : { action: work.action, event: work.event, ...(destination === undefined ? {} : { destination }) }
