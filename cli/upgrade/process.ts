import { spawn } from 'node:child_process'

/** How a process ended, and what it said. */
type ProcessResult = { code: number; stdout: string; stderr: string }

type ProcessOptions = { cwd: string; input?: string; env?: NodeJS.ProcessEnv }

/** Runs a program without a shell. */
export type RunProcess = (
  program: string,
  args: readonly string[],
  options: ProcessOptions,
) => Promise<ProcessResult>

/**
 * Runs a program without a shell, and waits for its end.
 * @throws {Error} it cannot be started
 */
export const runProcess: RunProcess = (program, args, { cwd, input = '', env = process.env }) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: 'pipe', windowsHide: true })
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({
        code: code ?? 1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    )
    // A program that ends before it has read everything tells why by its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
