import { config as readDotEnv } from 'dotenv'
import type { CallContext } from '../src/core/call-context'
import { type Clock, systemClock } from '../src/core/clock'
import { createRedactor, type Redactor } from '../src/core/redaction'
import { type RawInputs, readOperatorInputs, secretsOf } from '../src/inputs/raw-inputs'
import { createRecords, type Records } from '../src/runtime/records'
import { createStderrLogger } from './stderr-logger'

/** What every command works with. */
export type Environment = Records & {
  trigger: 'batch'
  /** Organisation, project and workspace, as `aio app use` keeps them; not checked. */
  project: unknown
  /** Of I/O Runtime, when it is known: the name of the workspace. */
  namespace: string | undefined
  inputs: RawInputs
  redactor: Redactor
  clock: Clock
  /** Opens the context of one unit of work, with two hours for it: a file may be large. */
  call(): CallContext
}

const workMs = 2 * 3_600_000

/** Reads the inputs from the environment and `.env`, and the Runtime credentials from wherever `aio` keeps them. */
export async function openEnvironment(): Promise<Environment> {
  // Before the SDK, whose State library reads its endpoint from the environment when it is loaded.
  readDotEnv({ quiet: true })
  // The whole SDK: its start-up does not matter here, and its Config knows .aio and the global settings, too.
  const { Core } = (await import('@adobe/aio-sdk')).default
  const runtime = {
    namespace: configured(Core.Config.get('runtime.namespace')),
    apiKey: configured(Core.Config.get('runtime.auth')),
    apiHost: configured(Core.Config.get('runtime.apihost')),
  }
  const inputs = readOperatorInputs({ ...process.env })
  const redactor = createRedactor([runtime.apiKey, ...secretsOf(inputs)])
  const activation = { ...runtime, id: undefined, deadline: undefined, actionName: undefined }
  return {
    ...createRecords(activation, inputs),
    runtime: undefined,
    trigger: 'batch',
    namespace: runtime.namespace,
    project: Core.Config.get('project'),
    inputs,
    redactor,
    clock: systemClock,
    call: () => ({
      logger: createStderrLogger(redactor),
      signal: AbortSignal.timeout(workMs),
      deadline: systemClock.now() + workMs,
    }),
  }
}

const configured = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
