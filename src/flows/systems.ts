import { mayPassStatus } from '../http/status'
import type { CircuitBreaker } from './circuit-breaker'
import { codes, type Failure, type Outcome, reachedBy, type Undone, undoneOf } from './outcome'
import type { Work } from './work'

/** Every kind of work needs these systems. */
const core = new Set(['AEM', 'IMS', 'STATE', 'APP'])
/** The name of the PIM as a system, whatever its communicator is called. */
export const pimSystem = 'PIM'
/** AEM's blob store. It can be down while AEM itself works. */
export const filesSystem = 'AEM files'
/** The actions whose work is to enrich. */
const enriching = new Set(['generic', 'pim-sync'])

/** The parts of a failure that show which system failed, and how. */
type FailedWork = Pick<Partial<Undone>, 'destination' | 'isFile'> & {
  failure: Pick<Failure, 'failureClass' | 'code' | 'upstream' | 'status' | 'notBefore'>
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

/**
 * Reports to the breaker which systems worked and which failed, by an outcome.
 * @param wasRefused whether a system refused this work before: refused again, it tells nothing new of that system
 */
export function observe(breaker: CircuitBreaker, work: Work, outcome: Outcome, wasRefused = false): void {
  const { aem, pim, files, destinations } = reachedBy(outcome)
  for (const name of destinations) breaker.worked(destinationSystem(name))
  if (aem) breaker.worked('AEM')
  if (files) breaker.worked(filesSystem)
  if (pim) breaker.worked(pimSystem)
  for (const undone of undoneOf(outcome, work.destination)) {
    const { failure } = undone
    const system = systemOf(work, undone)
    const isRefusal = failure.failureClass === 'systemic' && !core.has(system)
    if (isRefusal && wasRefused) continue
    // It takes other work: only several refusals in a row say that it is down.
    const isOfWork = isRefusal && breaker.hasWorked(system)
    observeFailure(
      breaker,
      work,
      isOfWork ? { ...undone, failure: { ...failure, failureClass: 'transient' } } : undone,
    )
  }
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
  if (system === filesSystem && !isOfStore(failed.failure)) return
  breaker.failed(system, isOfOneAsset(system) ? 'transient' : failureClass, code)
}

/** What the blob store fails with when it is down. A file may be gone, cut or refused while the store works. */
const storeCodes = new Set([
  'AEM_UNAVAILABLE',
  'AEM_UNREACHABLE',
  'AEM_TIMEOUT',
  'AEM_STALLED',
  'AEM_NOT_A_FILE',
])

const isOfStore = ({ failureClass, code, status = 200 }: FailedWork['failure']): boolean =>
  failureClass === 'transient' && storeCodes.has(code) && (status < 400 || mayPassStatus(status))

/** A refusal of AEM or its blob store may concern one asset only, so it never counts as systemic. */
const isOfOneAsset = (system: string): boolean => system === 'AEM' || system === filesSystem

/** Whether the system that failed is down for the whole run, so that the remaining work would fail, too. */
export function isOutage(breaker: CircuitBreaker, work: Pick<Work, 'action'>, failed: FailedWork): boolean {
  const system = systemOf(work, failed)
  return breaker.isDown(system) && (!breaker.hasWorked(system) || isSystemic(failed.failure, system))
}

const isSystemic = ({ failureClass }: FailedWork['failure'], system: string): boolean =>
  failureClass === 'systemic' && !isOfOneAsset(system)

/**
 * Whether the work itself failed rather than a system. Only such a failure counts as one of its tries. A systemic one
 * does where the destination took other files, the PIM told of other products, or AEM gave other files in this run.
 */
export function isOwnFailure(
  breaker: CircuitBreaker,
  work: Pick<Work, 'action'>,
  failed: FailedWork,
): boolean {
  const { failureClass, code, notBefore } = failed.failure
  if (failureClass === 'permanent' || code === codes.systemDown || notBefore !== undefined) return false
  const system = systemOf(work, failed)
  // Such a failure of pim-sync stops its run.
  if (failureClass === 'systemic' && (core.has(system) || work.action === 'pim-sync')) return false
  if (system === filesSystem && breaker.isDown('AEM')) return false
  return system === 'APP' || (breaker.hasWorked(system) && !breaker.isDown(system))
}

/** Whether a failure may be one of the work itself, where nothing is known yet of how the systems are. */
export function mayBeOwnFailure(work: Pick<Work, 'action'>, failed: FailedWork): boolean {
  const system = systemOf(work, failed)
  return (
    failed.failure.failureClass === 'transient' &&
    (system === 'APP' || !(core.has(system) || system === filesSystem))
  )
}
