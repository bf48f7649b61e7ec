import type { Command } from '@commander-js/extra-typings'
import type { Environment, Settings } from './environment'
import type { CommandResult } from './output'
import type { Ask } from './setup/ask'

/** What the command line stands on: a process with its terminal, or a test. */
export type Host = {
  /** @param name of the environment whose file is read in place of `.env` */
  open(name: string | undefined): Promise<Environment>
  /** The same with settings that are in no file yet. */
  openSettings(settings: Settings): Promise<Environment>
  /** The environment of the process. */
  settings: Settings
  /** The project's folder, absolute. */
  root: string
  stdout(text: string): void
  stderr(text: string): void
  /** Asks a person. Undefined when nobody can be asked. */
  confirm: ((question: string) => Promise<boolean>) | undefined
  /** Has a person answer a question. Undefined when nobody can be asked. */
  ask: Ask | undefined
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
 * @param opens opens the environment in place of the host, such as one that has no file yet
 */
export type Run = (
  work: Work,
  options?: { destroys?: string | undefined; asks?: string | undefined; opens?: Opens },
) => Promise<void>

/**
 * Opens the environment that is named, if one is. With `--yes` nobody is asked to confirm.
 * @param agreement.isAgreed `--yes` was given
 */
export type Opens = (
  name: string | undefined,
  host: Host,
  agreement: { isAgreed: boolean },
) => Promise<Environment>

/** What a group of commands is added to. */
export type Program = Pick<Command, 'command'>
