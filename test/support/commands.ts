import { parseArgs } from 'node:util'
import { akeneoCommands, akeneoOptions } from '../../cli/akeneo'
import { deadLetterCommands } from '../../cli/dead-letters'
import type { Environment } from '../../cli/environment'
import { CommandError, type CommandResult, UsageError } from '../../cli/output'
import { pendingCommands } from '../../cli/pending'
import { runCommands } from '../../cli/runs'
import type { Selection } from '../../cli/selection'
import { systemClock } from '../../src/core/clock'
import { toBridgeError } from '../../src/core/errors'
import { createRedactor } from '../../src/core/redaction'
import { readOperatorInputs, secretsOf } from '../../src/inputs/raw-inputs'
import { createRecords } from '../../src/runtime/records'
import type { ScriptRun } from './run-typescript'

type Values = Parameters<typeof akeneoCommands>[2]
type Command = (environment: Environment) => Promise<CommandResult>
type Group = (verb: string | undefined, selection: Selection, values: Values) => Command

const groups: Readonly<Record<string, Group>> = {
  akeneo: akeneoCommands,
  'dead-letters': deadLetterCommands,
  pending: pendingCommands,
  runs: runCommands,
}

/** What `operatorEnv` of a sandbox gives, or the part of it that a command needs. */
type OperatorEnv = Readonly<Record<string, string>>

/**
 * The command in this process, with the settings handed in. `createBridge` has the process around it: where settings
 * come from, logging to stderr, exit codes. Records need State's endpoint in the environment, see `startReceiver`.
 */
export const createCommands =
  (operatorEnv: () => OperatorEnv) =>
  async (args: readonly string[], env: OperatorEnv = {}): Promise<ScriptRun> => {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...akeneoOptions, json: { type: 'boolean' }, all: { type: 'boolean' } },
    })
    const [name = '', verb, ...ids] = positionals
    try {
      const group = groups[name]
      if (group === undefined) throw new UsageError(`no group ${name}`)
      const command = group(verb, { ids, all: values.all ?? false }, values)
      const { text, data, failed = false } = await command(environmentOf({ ...operatorEnv(), ...env }))
      return { code: failed ? 1 : 0, stdout: `${values.json ? JSON.stringify(data) : text}\n`, stderr: '' }
    } catch (thrown) {
      if (thrown instanceof UsageError) return { code: 2, stdout: '', stderr: thrown.message }
      if (thrown instanceof CommandError) return { code: 1, stdout: '', stderr: thrown.message }
      const { code, message } = toBridgeError(thrown)
      return { code: 1, stdout: '', stderr: `${code}: ${message}` }
    }
  }

function environmentOf(env: OperatorEnv): Environment {
  const { AIO_runtime_namespace: namespace, AIO_runtime_auth: apiKey, AIO_runtime_apihost: apiHost } = env
  const inputs = readOperatorInputs(env)
  const redactor = createRedactor([apiKey, ...secretsOf(inputs)])
  const activation = { namespace, apiKey, apiHost, id: undefined, deadline: undefined, actionName: undefined }
  const silent = (): void => undefined
  const logger = { error: silent, warn: silent, info: silent, debug: silent }
  return {
    ...createRecords(activation, inputs),
    trigger: 'batch',
    project: undefined,
    namespace,
    inputs,
    redactor,
    clock: systemClock,
    call: () => ({ logger, signal: new AbortController().signal, deadline: Date.now() + 60_000 }),
  }
}
