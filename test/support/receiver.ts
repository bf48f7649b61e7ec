import { main as generic } from '../../actions/generic/index'
import type { JsonObject } from '../../sandbox/json'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox'
import type { Answer } from '../../src/runtime/answer'

/** An action in this process, in front of the sandbox. */
export type Receiver = {
  sandbox: Sandbox
  /** Runs the action as one activation: inputs and params are one object, as in I/O Runtime. */
  invoke(
    params: JsonObject,
    options?: { inputs?: JsonObject; leftMs?: number; activationId?: string },
  ): Promise<Answer>
  /** The dead letters in State, parsed. */
  deadLetters(): Promise<DeadLetterView[]>
  close(): Promise<void>
}

export type DeadLetterView = {
  key: string
  error: { code: string; message: string }
  event: unknown
  action: string
  destination?: string
}

/** Starts the sandbox for a test file; State's client reads its endpoint when it is first loaded, so one per file. */
export async function startReceiver(
  options: SandboxOptions = {},
  main: (params: unknown) => Promise<Answer> = generic,
): Promise<Receiver> {
  const sandbox = await startSandbox(options)
  Object.assign(process.env, sandbox.env())
  return {
    sandbox,
    invoke(params, { inputs = {}, leftMs = 60_000, activationId = 'f00d' } = {}) {
      process.env.__OW_DEADLINE = String(Date.now() + leftMs)
      process.env.__OW_ACTIVATION_ID = activationId
      return main({ ...sandbox.inputs(), LOG_LEVEL: 'error', ...inputs, ...params })
    },
    deadLetters: () => readDeadLetters(sandbox),
    close: () => sandbox.close(),
  }
}

async function readDeadLetters(sandbox: Sandbox): Promise<DeadLetterView[]> {
  const { init } = await import('@adobe/aio-lib-state')
  const { __OW_NAMESPACE: namespace = '', __OW_API_KEY: auth = '' } = sandbox.env()
  const state = await init({ ow: { namespace, auth } })
  const letters: DeadLetterView[] = []
  for await (const { keys } of state.list({ match: 'dead-letter.*' })) {
    for (const key of keys) letters.push({ key, ...JSON.parse((await state.get(key)).value) })
  }
  return letters
}

/** The body of a success. */
export function bodyOf(answer: Answer): Record<string, unknown> {
  if ('error' in answer || 'headers' in answer)
    throw new Error(`expected a success, got ${JSON.stringify(answer)}`)
  return { ...answer.body }
}

/** Status and body of a failure. */
export function errorOf(answer: Answer): { statusCode: number; body: Record<string, unknown> } {
  if (!('error' in answer)) throw new Error(`expected a failure, got ${JSON.stringify(answer)}`)
  return { statusCode: answer.error.statusCode, body: { ...answer.error.body } }
}
