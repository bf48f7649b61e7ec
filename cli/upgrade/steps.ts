import { join } from 'node:path'
import type { RunProcess } from './process'

/** What is run on the new version. */
export type StepName = 'install' | 'generate' | 'types' | 'tests' | 'doctor'

export type StepResult = {
  name: StepName
  status: 'ok' | 'failed' | 'skipped'
  /** The last lines of what a step said that failed. */
  output?: string
}

/** Those that may be left out; without the others there is nothing to commit. */
export const optionalSteps = ['types', 'tests', 'doctor'] as const

const mostLines = 20

/** The programs of a step, which run in the checkout and load its new code. */
function commandOf(name: StepName, root: string, { env, hasSamePackages }: StepOptions): string[] {
  const script = (path: string, ...args: string[]) => [
    process.execPath,
    join(root, 'node_modules', path),
    ...args,
  ]
  switch (name) {
    case 'install':
      return [...npm(), hasSamePackages ? 'ci' : 'install', '--no-audit', '--no-fund']
    case 'generate':
      return script('tsx/dist/cli.mjs', join(root, 'scripts/generate.ts'))
    case 'types':
      return script('typescript/bin/tsc', '--noEmit', '-p', root)
    case 'tests':
      return script('jest/bin/jest.js')
    case 'doctor':
      return [
        process.execPath,
        join(root, 'cli/bin.cjs'),
        'doctor',
        ...(env === undefined ? [] : ['--env', env]),
      ]
  }
}

/** On Windows npm is a script for the shell. */
const npm = (): string[] =>
  process.platform === 'win32'
    ? [process.execPath, join(process.execPath, '../node_modules/npm/bin/npm-cli.js')]
    : ['npm']

export type StepOptions = {
  /** The environment that `doctor` checks. */
  env: string | undefined
  /** The packages are those of the new version's package-lock.json. */
  hasSamePackages: boolean
}

export async function runStep(
  name: StepName,
  root: string,
  run: RunProcess,
  options: StepOptions,
): Promise<StepResult> {
  const [program = '', ...args] = commandOf(name, root, options)
  const { code, stdout, stderr } = await run(program, args, { cwd: root })
  if (code === 0) return { name, status: 'ok' }
  const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-mostLines).join('\n')
  return { name, status: 'failed', output }
}
