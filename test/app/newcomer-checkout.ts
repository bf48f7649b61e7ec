import { spawn } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root, sampleRoot } from '../../scripts/command'
import { copyRepository, type RepositoryCopy } from '../support/repository-copy'

/** How a command ended. */
export type Ended = { code: number | null; stdout: string; stderr: string }

/** A checkout of somebody new, with the actions as a build leaves them. */
export type Checkout = RepositoryCopy & {
  /**
   * Runs `npx bridge` with these settings alone.
   * @param until ends it, with all it has started, by SIGKILL as soon as this is so
   */
  bridge(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    until?: () => boolean,
  ): Promise<Ended>
}

export async function newcomerCheckout(): Promise<Checkout> {
  const project = await copyRepository()
  await mkdir(join(project.folder, 'home'))
  // A build takes half of the time that this may take: the checkout gets the one that all tests have.
  await cp(join(sampleRoot, 'dist/application'), join(project.folder, 'dist/application'), {
    recursive: true,
  })
  return {
    ...project,
    bridge: async (args, env, until) => {
      const script = join(root, 'node_modules/tsx/dist/cli.mjs')
      const child = spawn(process.execPath, [script, 'cli/bridge.ts', ...args], {
        cwd: project.folder,
        env: {
          PATH: process.env.PATH,
          HOME: join(project.folder, 'home'),
          AIO_TELEMETRY_DISABLED: '1',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, so that all of it can be ended at once.
        detached: true,
      })
      const said = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          said[name] += text
        })
      }
      let hasEnded = false
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', resolve)
      }).finally(() => {
        hasEnded = true
      })
      while (until !== undefined && !hasEnded) {
        if (until() && child.pid !== undefined) {
          process.kill(-child.pid, 'SIGKILL')
          break
        }
        await sleep(5)
      }
      return { code: await ended, ...said }
    },
  }
}
