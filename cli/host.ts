import type { Command } from '@commander-js/extra-typings'
import type { Environment } from './environment'
import type { CommandResult } from './output'

/** What the command line stands on: a process with its terminal, or a test. */
export type Host = {
  /** @param name of the environment whose file is read in place of `.env` */
  open(name: string | undefined): Promise<Environment>
  stdout(text: string): void
  stderr(text: string): void
  /** Asks a person. Undefined when nobody can be asked. */
  confirm: ((question: string) => Promise<boolean>) | undefined
  /** Resolves when somebody ends a command that goes on, as with Ctrl-C. */
  ended(): Promise<void>
  /** Replaces the line that tells how far a long work is; an empty one clears it. */
  progress(text: string): void
}

/** What a command may do besides its work. */
export type Interaction = Pick<Host, 'progress'>

/** A command, once its arguments are understood. */
export type Work = (environment: Environment, interaction: Interaction) => Promise<CommandResult>

/**
 * Runs a command in the environment that the options name, and prints its result.
 * @param destroys what would be lost, as the end of "This ...": asked before anything is done
 * @param asks the same for what loses nothing, and is much at once: where nobody can be asked, it is done
 */
export type Run = (
  work: Work,
  options?: { destroys?: string | undefined; asks?: string | undefined },
) => Promise<void>

/** What a group of commands is added to. */
export type Program = Pick<Command, 'command'>
