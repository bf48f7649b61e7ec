import { type Environment, workerOf } from '../../cli/environment'
import { runProgram } from '../../cli/program'
import type { Question } from '../../cli/setup/ask'
import { systemClock } from '../../src/core/clock'
import { createRedactor } from '../../src/core/redaction'
import { openActivationLogs } from '../../src/delivery/activation-logs'
import { createActivations } from '../../src/delivery/activations'
import { readOperatorInputs, secretsOf } from '../../src/inputs/raw-inputs'
import { createRecords } from '../../src/runtime/records'
import type { ScriptRun } from './run-typescript'

/** What `operatorEnv` of a sandbox gives, or the part of it that a command needs. */
type OperatorEnv = Readonly<Record<string, string | undefined>>

/** What somebody at the terminal answers; without, nobody is there. */
type Attended = {
  answer?: boolean
  /** To questions, in this order. */
  answers?: readonly string[]
  ended?: () => Promise<void>
  /** The project's folder. */
  root?: string
}

/**
 * The command line in this process, with the settings handed in. `createBridge` has the process around it: where settings
 * come from, logging to stderr. Records need State's endpoint in the environment, see `startReceiver`.
 */
export const createCommands =
  (operatorEnv: () => OperatorEnv) =>
  async (
    args: readonly string[],
    env: OperatorEnv = {},
    { answer, answers, ended = async () => undefined, root = '/nowhere' }: Attended = {},
  ): Promise<ScriptRun & { asked: readonly string[]; questions: readonly Question[] }> => {
    let [stdout, stderr] = ['', '']
    const asked: string[] = []
    const questions: Question[] = []
    const settings = { ...operatorEnv(), ...env }
    const code = await runProgram(args, {
      open: async () => environmentOf(settings),
      openSettings: async (given) => environmentOf(given),
      settings,
      root,
      ask:
        answers === undefined
          ? undefined
          : async (question) => {
              const next = answers[questions.length]
              if (next === undefined) throw new Error(`Nobody answers ${question.text}`)
              questions.push(question)
              return next
            },
      stdout: (text) => {
        stdout += text
      },
      stderr: (text) => {
        stderr += text
      },
      confirm:
        answer === undefined
          ? undefined
          : async (question) => {
              asked.push(question)
              return answer
            },
      ended,
      progress: () => undefined,
    })
    return { code, stdout, stderr, asked, questions }
  }

/** The environment of these settings, as the process would give it. */
export function environmentOf(env: OperatorEnv): Environment {
  const { AIO_runtime_namespace: namespace, AIO_runtime_auth: apiKey, AIO_runtime_apihost: apiHost } = env
  const inputs = readOperatorInputs(env)
  const redactor = createRedactor([apiKey, ...secretsOf(inputs)])
  const activation = { namespace, apiKey, apiHost, id: undefined, deadline: undefined, actionName: undefined }
  const silent = (): void => undefined
  const logger = { error: silent, warn: silent, info: silent, debug: silent }
  return {
    ...createRecords(activation, inputs),
    trigger: 'batch',
    project: projectOf(env),
    activations: createActivations(workerOf({ namespace, apiKey, apiHost })),
    runtimeCredentials: workerOf({ namespace, apiKey, apiHost }),
    activationLogs: openActivationLogs(workerOf({ namespace, apiKey, apiHost })),
    stateOf: (region) => createRecords(activation, { ...inputs, STATE_REGION: region }).store,
    namespace,
    runtimeKey: apiKey,
    inputs,
    redactor,
    clock: systemClock,
    call: () => ({ logger, signal: new AbortController().signal, deadline: Date.now() + 60_000 }),
  }
}

/** As aio keeps it in `.aio`. */
const projectOf = (env: OperatorEnv) => ({
  id: env.AIO_project_id,
  org: { id: env.AIO_project_org_id },
  workspace: { id: env.AIO_project_workspace_id },
})
