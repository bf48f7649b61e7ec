/** What a command has to say: to a person, and with `--json` to a program. */
export type CommandResult = {
  text: string
  data: unknown
  /** Something did not work: exit code 1. */
  failed?: boolean
}

/** The command line itself is wrong: exit code 2, with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command cannot do what was asked as things are: exit code 1, with the message alone. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
