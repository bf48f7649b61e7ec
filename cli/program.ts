import { Command, CommanderError } from '@commander-js/extra-typings'
import { version } from '../package.json'
import { toBridgeError } from '../src/core/errors'
import { addAkeneo } from './akeneo'
import { addAlerts } from './alerts'
import { addApply } from './apply'
import { addAsset } from './asset'
import { addBackfill } from './backfill'
import { confirmed } from './confirmed'
import { addDashboard } from './dashboard'
import { addDeadLetters } from './dead-letters'
import { addDeploy } from './deploy'
import { addDoNow } from './do-now'
import { addDoctor } from './doctor'
import { addEvents } from './events'
import type { Host, Run } from './host'
import { addJournal } from './journal'
import { addLease } from './lease'
import { addLogs } from './logs'
import { CommandError, type Failure, printed, printedFailure, UsageError } from './output'
import { addPending } from './pending'
import { addPlan } from './plan'
import { addRegistrations } from './registrations'
import { addRuns } from './runs'
import { addSetup } from './setup'
import { addUpgrade } from './upgrade'
import { addVerify } from './verify'

const description = `The operator's commands of aem-asset-bridge.

Inputs are read from the environment and .env, the credentials of I/O Runtime from AIO_runtime_namespace and
AIO_runtime_auth, or from .aio, where \`aio app use\` keeps them. Exit codes: 0 done, 1 something failed, 2 wrong usage.`

/**
 * Runs one command line and gives its exit code. With `--json`, stdout gets one JSON document, whatever happens: a
 * failure is `{ error: { code, message } }`. Without, a failure is one line on stderr.
 */
export async function runProgram(argv: readonly string[], host: Host): Promise<number> {
  const json = jsonAsked(argv)
  const told: string[] = []
  let exitCode = 0
  let redact = (text: string): string => text

  const program = new Command('bridge')
    .description(description)
    .version(version)
    .option('--json', 'print one JSON document on standard output')
    .option('--yes', 'do not ask before something is lost')
    .option(
      '--env <name>',
      'read .env.<name> in place of .env, and the credentials of I/O Runtime from there',
    )
    .configureHelp({ showGlobalOptions: true, helpWidth: 110 })
    .configureOutput({ writeOut: (text) => told.push(text), writeErr: () => undefined })
    .exitOverride()

  const run: Run = async (work, { destroys, asks, opens } = {}) => {
    const { env, yes = false } = program.opts()
    if (destroys !== undefined && !yes) await confirmed(destroys, host)
    if (asks !== undefined && !yes && host.confirm !== undefined) await confirmed(asks, host)
    const environment =
      opens === undefined
        ? await host.open(env)
        : await opens(env, yes ? { ...host, confirm: undefined } : host, { isAgreed: yes })
    redact = (text) => environment.redactor.text(text)
    const result = await work(environment, host).finally(() => host.progress(''))
    host.stdout(printed(result, json))
    await result.serves?.(host.ended())
    exitCode = result.failed ? 1 : 0
  }
  const groups = [
    addDoctor,
    addAsset,
    addDoNow,
    addBackfill,
    addPlan,
    addApply,
    addVerify,
    addDashboard,
    addDeadLetters,
    addPending,
    addRuns,
    addJournal,
    addLease,
    addLogs,
    addRegistrations,
    addEvents,
    addAlerts,
    addAkeneo,
    addSetup,
    addUpgrade,
    addDeploy,
  ]
  for (const add of groups) add(program, run)

  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) {
      host.stdout(json ? printed({ lines: [], data: { text: told.join('') } }, true) : told.join(''))
      return 0
    }
    const { exitCode: code, ...failure } = failureOf(thrown, commandNames(program, argv))
    const shown = { ...failure, message: redact(failure.message) }
    if (json) host.stdout(printedFailure(shown, true))
    else host.stderr(printedFailure(shown, false))
    return code
  }
}

/** Asked before the command line is understood: a wrong one is answered in JSON, too. */
function jsonAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).includes('--json')
}

/** The names of the command that was meant, as far as they are right. */
function commandNames(program: { readonly commands: readonly Named[] }, argv: readonly string[]): string {
  const names = ['bridge']
  let commands = program.commands
  for (const argument of argv) {
    const next = commands.find((command) => command.name() === argument)
    if (next === undefined) continue
    names.push(argument)
    commands = next.commands
  }
  return names.join(' ')
}

type Named = { name(): string; readonly commands: readonly Named[] }

function failureOf(thrown: unknown, command: string): Failure & { exitCode: number } {
  const usage = (message: string) => ({
    code: 'USAGE',
    message: `${message}; see npx ${command} --help`,
    isBare: true,
    exitCode: 2,
  })
  if (thrown instanceof UsageError) return usage(thrown.message)
  if (thrown instanceof CommanderError) {
    if (thrown.code === 'commander.help') return usage('a command is missing')
    return usage(
      thrown.message
        .replace(/^error: /, '')
        .replaceAll('\n', ' ')
        .replace(/\.$/, ''),
    )
  }
  if (thrown instanceof CommandError)
    return { code: 'REFUSED', message: thrown.message, isBare: true, exitCode: 1 }
  const { code, message } = toBridgeError(thrown)
  return { code, message, isBare: false, exitCode: 1 }
}
