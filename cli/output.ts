import { visible, visibleLines } from '../src/core/visible'

/** What a command has to say: to a person, and with `--json` to a program. */
export type CommandResult = {
  /** Each is one line, whatever stands in it: most of it was written by other systems. */
  lines: readonly string[]
  data: unknown
  /** Something did not work: exit code 1. */
  failed?: boolean
  /** The command goes on after its result is printed, until somebody ends it. */
  serves?: (ended: Promise<void>) => Promise<void>
}

/** The command line itself is wrong: exit code 2, and where help is. */
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

/** Examples, as they stand at the end of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  npx bridge ${line}`).join('\n')}\n`

/** What ended a command. */
export type Failure = {
  code: string
  message: string
  /** The message says it all: a person is not told the code. */
  isBare: boolean
}

/** A failure as it is printed: a JSON document, or one line. */
export const printedFailure = ({ code, message, isBare }: Failure, json: boolean): string =>
  json
    ? printed({ lines: [], data: { error: { code, message } } }, true)
    : `${visible(isBare ? message : `${code}: ${message}`)}\n`

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
