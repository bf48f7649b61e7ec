import { parseArgs } from 'node:util'
import { toBridgeError } from '../src/core/errors'
import { type AkeneoOptions, akeneoCommands, akeneoOptions } from './akeneo'
import { deadLetterCommands } from './dead-letters'
import { type Environment, openEnvironment } from './environment'
import { CommandError, type CommandResult, UsageError } from './output'
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

  runs list                    the last runs of export-batch and reconcile, newest first
  registrations list           the event registrations of the workspace, with their journals

  akeneo subscribe             have Akeneo's Event Platform send product events to this app, as the inputs and
                               options say: creates, changes, replaces secrets, resumes; again and again
    --url <url>                where they go: npx aio app get-url pim-events prints it; needed the first time
    --email <address>          who is told when Akeneo suspends; needed the first time
    --events <a,b>             in place of the usual ones, such as product.updated.delta; or usual
    --filter <text>            Akeneo's filter, such as 'not user_type="system"'
    --unchecked                do not ask the receiver first whether it knows the secrets
  akeneo status                what is subscribed, whether it works, and the errors of the last day
  akeneo logs [<id>]           Akeneo's log of deliveries; --errors, --hours <n> (24), --query <name=value>
  akeneo suspend [<id>]        stop deliveries; what happens meanwhile is not told later
  akeneo delete [<id>]         end the subscription for good, and the subscriber with its last one
    --name <name>              subscriber; default: aem-asset-bridge and the namespace of I/O Runtime
    --dry-run                  say what subscribe, suspend or delete would do

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
  const command = commandOf(group, verb, { ids, all: values.all ?? false }, values)
  const environment = await openEnvironment()
  try {
    const result = await command(environment)
    print(result, values.json ?? false)
    return result.failed ? 1 : 0
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown
    const { code, message } = toBridgeError(thrown)
    const text = thrown instanceof CommandError ? thrown.message : `${code}: ${message}`
    process.stderr.write(`${environment.redactor.text(text)}\n`)
    return 1
  }
}

function commandOf(
  group: string | undefined,
  verb: string | undefined,
  selection: Selection,
  values: AkeneoOptions,
): (environment: Environment) => Promise<CommandResult> {
  if (group === 'akeneo') return akeneoCommands(verb, selection, values)
  if (group === 'dead-letters') return deadLetterCommands(verb, selection)
  if (group === 'pending') return pendingCommands(verb, selection)
  if (group === 'runs') return runCommands(verb, selection)
  if (group === 'registrations') return registrationCommands(verb, selection)
  throw new UsageError(`there is no command ${group}`)
}

const options = {
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

type Shared = { json?: boolean | undefined; all?: boolean | undefined; help?: boolean | undefined }

function parseArguments(argv: readonly string[]): {
  positionals: string[]
  values: Shared & AkeneoOptions
} {
  const isAkeneo = argv.find((argument) => !argument.startsWith('-')) === 'akeneo'
  const parse = { args: [...argv], allowPositionals: true }
  try {
    return isAkeneo
      ? parseArgs({ ...parse, options: { ...options, ...akeneoOptions } })
      : parseArgs({ ...parse, options })
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
