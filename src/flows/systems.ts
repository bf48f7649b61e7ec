import type { CircuitBreaker } from './circuit-breaker'
import { codes, type Failure, type Outcome, reachedBy, type Undone, undoneOf } from './outcome'
import type { Work } from './work'

/** Every kind of work needs these systems. */
const core = new Set(['AEM', 'IMS', 'STATE', 'APP'])
/** The name of the PIM as a system, whatever its communicator is called. */
export const pimSystem = 'PIM'
/** AEM's blob store. It can be down while AEM itself works. */
const filesSystem = 'AEM files'
/** The actions whose work is to enrich. */
const enriching = new Set(['generic', 'pim-sync'])

/** The parts of a failure that show which system failed, and how. */
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

/** Reports to the breaker which systems worked and which failed, by an outcome. */
export function observe(breaker: CircuitBreaker, work: Work, outcome: Outcome): void {
  const { aem, pim, destinations } = reachedBy(outcome)
  for (const name of destinations) breaker.worked(destinationSystem(name))
  if (aem) breaker.worked('AEM')
  if (destinations.length > 0) breaker.worked(filesSystem)
  if (pim) breaker.worked(pimSystem)
  for (const undone of undoneOf(outcome, work.destination)) observeFailure(breaker, work, undone)
}

/** Reports a failure to the breaker. A permanent failure says nothing about the system and is ignored. */
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

/** A refusal of AEM or its blob store may concern one asset only, so it never counts as systemic. */
const isOfOneAsset = (system: string): boolean => system === 'AEM' || system === filesSystem

/** Whether the system that failed is down for the whole run, so that the remaining work would fail, too. */
export function isOutage(breaker: CircuitBreaker, work: Pick<Work, 'action'>, failed: FailedWork): boolean {
  const system = systemOf(work, failed)
  return breaker.isDown(system) && (!breaker.hasWorked(system) || isSystemic(failed.failure, system))
}

const isSystemic = ({ failureClass }: FailedWork['failure'], system: string): boolean =>
  failureClass === 'systemic' && !isOfOneAsset(system)

/** Whether the work itself failed rather than a system. Only such a failure counts as one of its tries. */
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

/** The same without knowledge of the systems: any transient failure but one of AEM, IMS or State. */
export function mayBeOwnFailure(work: Pick<Work, 'action'>, failed: FailedWork): boolean {
  const system = systemOf(work, failed)
  return (
    failed.failure.failureClass === 'transient' &&
    (system === 'APP' || !(core.has(system) || system === filesSystem))
  )
}
