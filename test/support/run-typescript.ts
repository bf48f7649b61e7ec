import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(__dirname, '../..')

/** How a script ended and what it said. */
export type ScriptRun = { code: number | null; stdout: string; stderr: string }

/** What a script is started with: tsx as `npm run` has it, or the quicker `typescript.cjs`. */
export type Loader = 'tsx' | 'quick'

/** As in Jest: scripts run on the app as it comes. */
const onSample = '--conditions=sample-config'
const loaders: Readonly<Record<Loader, readonly string[]>> = {
  tsx: [require.resolve('tsx/cli'), onSample],
  quick: [onSample, '--require', join(__dirname, 'typescript.cjs')],
}

/**
 * Runs a script of the repository in a process of its own, on the Node that runs this one.
 * @param script path below the root of the repository
 * @param options.onStart gets the process, to kill it
 */
export function runTypeScript(
  script: string,
  args: readonly string[],
  {
    loader = 'quick',
    env = process.env,
    onStart = () => undefined,
  }: { loader?: Loader; env?: NodeJS.ProcessEnv; onStart?: (child: Pick<ChildProcess, 'kill'>) => void } = {},
): Promise<ScriptRun> {
  const child = spawn(process.execPath, [...loaders[loader], join(root, script), ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onStart(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
