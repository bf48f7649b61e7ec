import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { parse } from 'yaml'

/** A step as the workflow has it. */
export type WorkflowStep = {
  job: string
  name: string | undefined
  run: string
  env: Readonly<Record<string, string>>
}

type Jobs = Record<string, { steps: { name?: string; run?: string; env?: Record<string, string> }[] }>
type Workflow = { env?: Record<string, string>; jobs: Jobs }

/** The steps of a workflow that run a command, in order. */
export function stepsOf(text: string): readonly WorkflowStep[] {
  const workflow: Workflow = parse(text)
  return Object.entries(workflow.jobs).flatMap(([job, { steps }]) =>
    steps.flatMap(({ name, run, env }) =>
      run === undefined ? [] : [{ job, name, run, env: { ...workflow.env, ...env } }],
    ),
  )
}

/** What is set at GitHub for one environment. */
export type Settings = Record<'vars' | 'secrets', Readonly<Record<string, string>>>

/**
 * The environment of a step, as GitHub resolves it: what is not set is empty.
 * @throws for an expression other than a variable or a secret
 */
export function resolved({ env }: WorkflowStep, settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
        const [, kind, key = ''] = /^(vars|secrets)\.([A-Z][A-Z0-9_]*)$/.exec(expression) ?? []
        if (kind !== 'vars' && kind !== 'secrets') throw new Error(`${name} is ${value}`)
        return settings[kind][key] ?? ''
      }),
    ]),
  )
}

/** How a step ended. */
export type StepRun = {
  code: number
  /** What stands in the log: without the commands that the runner takes. */
  log: string
  /** What the runner was told to mask. */
  masked: readonly string[]
  /** The command lines of all processes of the machine, as they were seen meanwhile: none where there is no /proc. */
  commandLines: ReadonlySet<string>
}

/** Runs a step by the shell that GitHub takes on Linux, with an environment of its own. */
export async function runStep(
  { run }: WorkflowStep,
  options: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<StepRun> {
  const child = spawn('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', run], {
    ...options,
    env: { CI: 'true', GITHUB_ACTIONS: 'true', PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const commandLines = new Set<string>()
  const watching = setInterval(() => void noteCommandLines(commandLines), 100)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (ended) => resolve(ended ?? 1))
  }).finally(() => clearInterval(watching))
  const lines = said.split('\n')
  const command = '::add-mask::'
  return {
    code,
    log: lines.filter((line) => !line.startsWith(command)).join('\n'),
    masked: lines.flatMap((line) => (line.startsWith(command) ? [line.slice(command.length)] : [])),
    commandLines,
  }
}

async function noteCommandLines(noted: Set<string>): Promise<void> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  // A process may end meanwhile.
  const lines = ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => ''))
  for (const line of await Promise.all(lines)) noted.add(line.replaceAll('\0', ' '))
}
