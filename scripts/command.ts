import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Where the repository is. */
export const root = join(__dirname, '..')

/** Where the app is built with the sample configuration: a project of its own, made by `ensureBuilt`. */
export const sampleRoot = join(root, 'sample-app')

/** How a command ended and what it said, on both streams in order of arrival. */
export type CommandResult = { code: number; output: string }

/**
 * Runs a script of an installed package on the Node that runs this process, whatever `node` on the PATH is.
 * @param script path below node_modules
 * @param options.onOutput gets what it says while it runs, in pieces
 */
export function runScript(
  script: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; onOutput?: (text: string) => void } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
      options.onOutput?.(chunk.toString())
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
