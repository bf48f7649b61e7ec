import { eventWorkId } from '../delivery/dead-letters'

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
export const idOf = ({ id, event, destination }: Work): string => id ?? eventWorkId(event, destination)

/** The part of a unit of work that is for one destination; the whole of it when that is undefined. */
export const partOf = (work: Work, destination: string | undefined): Work =>
  work.destination === destination
    ? work
    : { action: work.action, event: work.event, ...(destination === undefined ? {} : { destination }) }
