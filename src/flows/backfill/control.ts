import type { CallContext } from '../../core/call-context'
import { transientError } from '../../core/errors'
import type { Lease, LeaseHolder, Leases } from '../../delivery/lease'

/** Who holds the lease of a backfill that an operator paused or cancelled. */
export const pausedBy = 'operator: paused'
export const cancelledBy = 'operator: cancelled'

/** Long enough for a page; a run that takes longer takes its lease again. */
const leaseSeconds = 15 * 60
/** A run that is still at a page has to find them at the page's end. */
const orderSeconds = { [pausedBy]: 30 * 24 * 3600, [cancelledBy]: 3600 }

export const leaseName = (id: string): string => `backfill.${id}`

/**
 * Takes the lease of a backfill, whoever holds it: a killed run must not hold up the next one, and a run that is still
 * going on stops at the end of its page.
 * @throws {BridgeError} transient `BACKFILL_BUSY` when another one takes it in the same moment; when State fails
 */
export async function takeOver(leases: Leases, id: string, owner: string, call: CallContext): Promise<Lease> {
  const seconds = owner === pausedBy || owner === cancelledBy ? orderSeconds[owner] : leaseSeconds
  await leases.revoke(leaseName(id), call)
  const lease = await leases.acquire(leaseName(id), owner, seconds, call)
  if (lease !== undefined) return lease
  throw transientError('BACKFILL_BUSY', 'another run of the same backfill began in this moment: try again')
}

/** Why a run has to stop at the end of its page. */
export type StopReason = 'paused' | 'cancelled' | 'taken-over'

/** @param holder of the lease that the run does not have any more */
export const stopReasonOf = (holder: LeaseHolder | undefined): StopReason =>
  holder?.owner === pausedBy ? 'paused' : holder?.owner === cancelledBy ? 'cancelled' : 'taken-over'
