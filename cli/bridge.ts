import { parseArgs } from 'node:util'
import { toBridgeError } from '../src/core/errors'
import { deadLetterCommands } from './dead-letters'
import { openEnvironment } from './environment'
import { type CommandResult, UsageError } from './output'
import { pendingCommands } from './pending'
import { registrationCommands } from './registrations'
import { runCommands } from './runs'
import type { Selection } from './selection'

const usage = `Usage: npm run bridge -- <command> [--json]

  dead-letters list            the events that could not be processed, newest last
  dead-letters show <id>       one of them, with the event and the reason
  dead-letters replay <id...>  process them again, by the flow the event came for; --all for all of them
  dead-letters drop <id...>    forget them; --all for all of them

  pending list                 the work that was accepted and is not done, newest last
  pending run <id...>          do it now, from this machine; --all for all of it

  runs list                    the last runs of the batch, newest first
  registrations list           the event registrations of the workspace, with their journals

Inputs are read from the environment and .env, the credentials of I/O Runtime from
AIO_runtime_namespace and AIO_runtime_auth or from .aio, as \`aio app use\` keeps them.
`

async function run(argv: readonly string[]): Promise<number> {
  const { positionals, values } = parseArguments(argv)
  if (values.help || positionals.length === 0) {
    process.stdout.write(usage)
    return values.help ? 0 : 2
  }
  const [group, verb, ...ids] = positionals
  const command = commandOf(group, verb, { ids, all: values.all ?? false })
  const result = await command(await openEnvironment())
  print(result, values.json ?? false)
  return result.failed ? 1 : 0
}

function commandOf(group: string | undefined, verb: string | undefined, selection: Selection) {
  if (group === 'dead-letters') return deadLetterCommands(verb, selection)
  if (group === 'pending') return pendingCommands(verb, selection)
  if (group === 'runs') return runCommands(verb, selection)
  if (group === 'registrations') return registrationCommands(verb, selection)
  throw new UsageError(`there is no command ${group}`)
}

function parseArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, all: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function print(result: CommandResult, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(result.data, null, 2)}\n` : `${result.text}\n`)
}

run(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (thrown: unknown) => {
    if (thrown instanceof UsageError) {
      process.stderr.write(`${thrown.message}\n\n${usage}`)
      process.exitCode = 2
      return
    }
    const error = toBridgeError(thrown)
    process.stderr.write(`${error.code}: ${error.message}\n`)
    process.exitCode = 1
  },
)
