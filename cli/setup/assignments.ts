import { plainInputs, secretInputs } from '#declared-inputs'
import { shown } from '../../src/core/shown'
import { UsageError } from '../output'
import type { Values } from './known'

/** Inputs that have an option of their own. */
const ownOptions: Readonly<Record<string, string>> = { AEM_AUTHOR_URLS: '--aem', PIM_COMMUNICATOR: '--pim' }

/**
 * Reads what `--set` gives, as `INPUT=value`. Options stand in the list of processes, so that secrets are refused.
 * @throws {UsageError} it is no assignment to an input, or to a secret one; without the value
 */
export function readAssignments(assignments: readonly string[]): Values {
  const values: Record<string, string> = {}
  for (const assignment of assignments) {
    const [, name = '', value = ''] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(assignment) ?? []
    if (name === '') throw new UsageError('--set must be INPUT=value')
    if (secretInputs.some((one) => one === name)) {
      throw new UsageError(
        `--set ${name}: it is secret, and every user of this machine can see options. Set it in the environment or in .env.<name>`,
      )
    }
    if (!plainInputs.some((one) => one === name)) throw new UsageError(`--set: ${shown(name)} is no input`)
    const option = ownOptions[name]
    if (option !== undefined) throw new UsageError(`--set ${name}: ${option} says it`)
    const problem = deployProblem(value)
    if (problem !== undefined) throw new UsageError(`--set ${name}: it ${problem}`)
    values[name] = value
  }
  return values
}

/** Why a value would be deployed as another one, as `must ...`. Source: aio-lib-runtime 7.3, `replaceIfEnvKey`. */
export const deployProblem = (value: string): string | undefined =>
  /\$[$&`']/.test(value)
    ? "must not hold $$, $&, $` or $', which aio app deploy changes: make a new one without these"
    : undefined
