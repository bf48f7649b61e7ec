import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runScript } from '../../scripts/command'
import type { Redactor } from '../../src/core/redaction'
import { CommandError } from '../output'

/** Where Adobe's CLI runs, and who sees what it says. */
export type AioRun = {
  root: string
  env: NodeJS.ProcessEnv
  redactor: Pick<Redactor, 'text'>
  show(text: string): void
}

/** `aio app build`. @throws {CommandError} it failed */
export const buildApp = (run: AioRun): Promise<void> => aio(['app', 'build'], run)

/**
 * `aio app deploy` of what is built. `--force-deploy` uploads every action: what was deployed is noted by folder and not by
 * workspace, and before the upload. The note is removed, so that nobody's next deployment trusts it. Log forwarding stays as
 * it is: `.aio` may tell that of another workspace.
 * @throws {CommandError} it failed
 */
export async function deployApp(run: AioRun): Promise<void> {
  try {
    await aio(['app', 'deploy', '--no-build', '--force-deploy', '--no-log-forwarding-update'], run)
  } finally {
    await rm(join(run.root, 'dist', 'last-deployed-actions.json'), { force: true })
  }
}

async function aio(args: readonly string[], { root, env, redactor, show }: AioRun): Promise<void> {
  let rest = ''
  const { code } = await runScript('@adobe/aio-cli/bin/run', args, {
    cwd: root,
    env,
    // By whole lines: a secret that is cut in two would not be known.
    onOutput: (text) => {
      const lines = `${rest}${text}`.split(/(?<=[\r\n])/)
      rest = /[\r\n]$/.test(lines.at(-1) ?? '') ? '' : (lines.pop() ?? '')
      show(redactor.text(lines.join('')))
    },
  })
  if (rest !== '') show(`${redactor.text(rest)}\n`)
  if (code === 0) return
  throw new CommandError(
    `aio ${args.slice(0, 2).join(' ')} failed, as it says above. What it has changed until then stays; the next npm run deploy uploads everything again`,
  )
}
