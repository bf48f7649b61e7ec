import { visible, visibleLines } from '../src/core/visible'

/** What a command has to say: to a person, and with `--json` to a program. */
export type CommandResult = {
  /** Each is one line, whatever stands in it: most of it was written by other systems. */
  lines: readonly string[]
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

/** A result as it is printed. What others wrote in it cannot steer the terminal, or pass for a line of its own. */
export const printed = ({ lines, data }: CommandResult, json: boolean): string =>
  json ? `${visibleLines(JSON.stringify(data, null, 2))}\n` : `${lines.map(visible).join('\n')}\n`

/** A message as it is printed: one line. */
export const printedMessage = (message: string): string => `${visible(message)}\n`

/**
 * Takes stdout for results alone: whatever else is written there, as the SDK's loggers do, goes to stderr from now on.
 * @returns what writes to stdout
 */
export function reserveStdout(): (text: string) => void {
  const write = process.stdout.write.bind(process.stdout)
  process.stdout.write = process.stderr.write.bind(process.stderr)
  return (text) => {
    write(text)
  }
}
