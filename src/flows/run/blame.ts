import { leftAlone, type Outcome, type Problem, type Work } from '../perform'
import type { Systems } from './systems'

/** Without these nothing works at all. */
const core = new Set(['AEM', 'IMS', 'STATE', 'APP'])
/** All that `generic` asks beside AEM is the PIM, whatever its communicator is called. */
export const pimSystem = 'PIM'
/** AEM tells of assets, but does not give their files: they come from a store of their own. */
const filesSystem = 'AEM files'

export const destinationSystem = (name: string): string => `destination ${name}`

/** The system that a problem is to be blamed on. A file that AEM does not give is AEM's, whatever destination it was for. */
export function systemOf(work: Pick<Work, 'action'>, { upstream, destination, isRead }: Problem): string {
  if (upstream === 'AEM' && isRead) return filesSystem
  if (upstream !== undefined && core.has(upstream)) return upstream
  if (destination !== undefined) return destinationSystem(destination)
  if (upstream === undefined) return 'APP'
  return work.action === 'generic' ? pimSystem : upstream
}

/** Takes note of what an outcome tells about the systems. */
export function observe(systems: Systems, work: Work, outcome: Outcome): void {
  const { kind, problems, reached, isRead } = outcome
  for (const name of reached) systems.worked(destinationSystem(name))
  if (isRead || kind === 'done') systems.worked('AEM')
  if (reached.length > 0) systems.worked(filesSystem)
  if (kind === 'done' && work.action === 'generic') systems.worked(pimSystem)
  for (const problem of problems) {
    if (problem.code === leftAlone) continue
    const system = systemOf(work, problem)
    // One asset that AEM does not hand out says nothing about the others.
    const isOfOne = system === 'AEM' || system === filesSystem
    systems.failed(system, isOfOne ? 'transient' : problem.failureClass)
  }
}

/** Whether a failure was the work's own, and not an outage: only then it counts as one of its tries. */
export function isOwnFailure(systems: Systems, problem: Problem, work: Pick<Work, 'action'>): boolean {
  if (problem.failureClass !== 'transient' || problem.code === leftAlone || problem.notBefore !== undefined)
    return false
  const system = systemOf(work, problem)
  if (system === filesSystem && systems.isDown('AEM')) return false
  return system === 'APP' || (systems.hasWorked(system) && !systems.isDown(system))
}

/** Whether a failure may be the work's own, where nothing else is known of the systems: not one of AEM, IMS or State. */
export function mayBeOwnFailure(problem: Problem, work: Pick<Work, 'action'>): boolean {
  const system = systemOf(work, problem)
  return (
    problem.failureClass === 'transient' &&
    (system === 'APP' || !(core.has(system) || system === filesSystem))
  )
}
