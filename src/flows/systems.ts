import type { CircuitBreaker } from './circuit-breaker'
import { codes, type Failure, type Outcome, reachedBy, type Undone, undoneOf } from './outcome'
import type { Work } from './work'

/** Without these nothing works at all. */
const core = new Set(['AEM', 'IMS', 'STATE', 'APP'])
/** All that enriching asks beside AEM is the PIM, whatever its communicator is called. */
export const pimSystem = 'PIM'
/** AEM tells of assets, but does not give their files: they come from a store of their own. */
const filesSystem = 'AEM files'
/** The actions whose work is to enrich. */
const enriching = new Set(['generic', 'pim-sync'])

/** What of a failure tells which system failed, and how. */
type FailedWork = Pick<Partial<Undone>, 'destination' | 'isFile'> & {
  failure: Pick<Failure, 'failureClass' | 'code' | 'upstream' | 'notBefore'>
}

export const destinationSystem = (name: string): string => `destination ${name}`

/** The system that failed. A file that AEM does not give is AEM's failure, whatever destination it was for. */
export function systemOf(
  { action }: Pick<Work, 'action'>,
  { failure, destination, isFile }: FailedWork,
): string {
  const { upstream } = failure
  if (upstream === 'AEM' && isFile) return filesSystem
  if (upstream !== undefined && core.has(upstream)) return upstream
  if (destination !== undefined) return destinationSystem(destination)
  if (upstream === undefined) return 'APP'
  return enriching.has(action) ? pimSystem : upstream
}

/** Takes note of what an outcome tells about the systems. */
export function observe(breaker: CircuitBreaker, work: Work, outcome: Outcome): void {
  const { aem, pim, destinations } = reachedBy(outcome)
  for (const name of destinations) breaker.worked(destinationSystem(name))
  if (aem) breaker.worked('AEM')
  if (destinations.length > 0) breaker.worked(filesSystem)
  if (pim) breaker.worked(pimSystem)
  for (const undone of undoneOf(outcome, work.destination)) observeFailure(breaker, work, undone)
}

/** Takes note of a failure; one that is permanent says nothing about the system. */
export function observeFailure(
  breaker: CircuitBreaker,
  work: Pick<Work, 'action'>,
  failed: FailedWork,
): void {
  const { code, failureClass } = failed.failure
  if (code === codes.systemDown || failureClass === 'permanent') return
  const system = systemOf(work, failed)
  breaker.failed(system, isOfOneAsset(system) ? 'transient' : failureClass)
}

/** One asset that AEM does not hand out, or does not let change, says nothing about the others. */
const isOfOneAsset = (system: string): boolean => system === 'AEM' || system === filesSystem

/** Whether the system that failed is down, and did nothing of what it was asked to before: then the rest would fail, too. */
export function isOutage(breaker: CircuitBreaker, work: Pick<Work, 'action'>, failed: FailedWork): boolean {
  const system = systemOf(work, failed)
  return breaker.isDown(system) && (!breaker.hasWorked(system) || isSystemic(failed.failure, system))
}

const isSystemic = ({ failureClass }: FailedWork['failure'], system: string): boolean =>
  failureClass === 'systemic' && !isOfOneAsset(system)

/** Whether a failure was the work's own, and not an outage: only then it counts as one of its tries. */
export function isOwnFailure(
  breaker: CircuitBreaker,
  work: Pick<Work, 'action'>,
  failed: FailedWork,
): boolean {
  const { failureClass, code, notBefore } = failed.failure
  if (failureClass !== 'transient' || code === codes.systemDown || notBefore !== undefined) return false
  const system = systemOf(work, failed)
  if (system === filesSystem && breaker.isDown('AEM')) return false
  return system === 'APP' || (breaker.hasWorked(system) && !breaker.isDown(system))
}

/** Whether a failure may be the work's own, where nothing else is known of the systems: not one of AEM, IMS or State. */
export function mayBeOwnFailure(work: Pick<Work, 'action'>, failed: FailedWork): boolean {
  const system = systemOf(work, failed)
  return (
    failed.failure.failureClass === 'transient' &&
    (system === 'APP' || !(core.has(system) || system === filesSystem))
  )
}
