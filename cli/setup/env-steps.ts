import { execFile } from 'node:child_process'
import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { secretInputs } from '#declared-inputs'
import { CommandError } from '../output'
import { withValues } from './env-text'
import type { Values } from './known'
import type { SetupStep } from './step'
import { keepFile, textOf } from './written-file'

const ownerOnly = 0o600

/** `.env.<name>`: the inputs of one environment, for its owner alone. */
export const envFile = (values: Values): SetupStep => ({
  name: 'environment file',
  run: async ({ env }, context) => {
    const name = `.env.${env}`
    const path = join(context.root, name)
    const before = await textOf(path)
    const text = withValues(before ?? headOf(env), values, name)
    const item = await keepFile(name, text, context, { mode: ownerOnly })
    if (item.kind === 'changed' || ((await stat(path)).mode & 0o077) === 0) return [item]
    if (!context.dryRun) await chmod(path, ownerOnly)
    return [{ kind: 'changed', what: `${name}: for its owner alone` }]
  },
})

const headOf = (env: string): string =>
  `# The inputs of ${env}. It holds secrets: git ignores it. npx bridge setup --env ${env} keeps it.\n`

/** The names that the environment needs, without the values of secrets, for a secret manager. Git takes it. */
export const envTemplate = (values: Values): SetupStep => ({
  name: 'template for a secret manager',
  run: async ({ env }, context) => {
    const name = `environments/${env}.env.template`
    const before = await textOf(join(context.root, name))
    const isSecret = (one: string): boolean =>
      one === 'AIO_runtime_auth' || secretInputs.some((secret) => secret === one)
    const known = before ?? templateHead(env)
    const shown = Object.fromEntries(
      Object.entries(values).flatMap(([one, value]) => {
        if (!isSecret(one)) return [[one, value]]
        // A reference to a secret manager stays as it was written.
        const isNamed = known
          .split('\n')
          .some((line) => line.includes('=') && line.split('=')[0]?.trim() === one)
        const hasReference = isNamed && !known.includes(value)
        return hasReference ? [] : [[one, `\${${one}}`]]
      }),
    )
    return [await keepFile(name, withValues(known, shown, name), context)]
  },
})

const templateHead = (env: string): string =>
  `# What .env.${env} has to hold, without secrets. Fill it in with what a secret manager gives: see docs/setup.md.\n`

/**
 * Sees to it that git does not take a file.
 * @throws {CommandError} it would
 */
export async function requireIgnored(name: string, root: string): Promise<void> {
  const code = await new Promise<unknown>((resolve) => {
    execFile('git', ['check-ignore', '--quiet', name], { cwd: root }, (error) => resolve(error?.code ?? 0))
  })
  // 128: there is no repository here. ENOENT: there is no git.
  if (code !== 1) return
  throw new CommandError(
    `git would take ${name}, which holds secrets: add it to .gitignore, and if it is in git already, take it out (git rm --cached ${name}) and replace its secrets`,
  )
}
