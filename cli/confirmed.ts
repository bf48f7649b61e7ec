import type { Host } from './host'
import { CommandError, UsageError } from './output'

/**
 * Has a person agree to what a command is about to do.
 * @param what the end of "This ..."
 * @throws {UsageError} nobody can be asked
 * @throws {CommandError} the person does not agree
 */
export async function confirmed(what: string, { confirm }: Pick<Host, 'confirm'>): Promise<void> {
  if (confirm === undefined)
    throw new UsageError(`this ${what}, and nobody can be asked here: --yes says that it is meant`)
  if (!(await confirm(`This ${what}. Go on?`))) throw new CommandError('nothing was done')
}
