import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sampleRoot } from '../scripts/command'
import { builtActions } from './deployment'
import type { ActionSpec } from './runtime/runtime'

/** A failure that the user can fix; the message says how. */
export class SetupError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SetupError'
  }
}

/** The root of the project. */
export const projectRoot = dirname(__dirname)

/** Throws a {@link SetupError} when the dependencies are not installed. */
export const checkDependencies = (root: string): void => {
  const needed = ['@adobe/aio-cli', '@adobe/aio-lib-state', 'webpack', 'swc-loader']
  const missing = needed.filter((it) => !existsSync(join(root, 'node_modules', it, 'package.json')))
  if (missing.length === 0) return
  throw new SetupError(`These packages are not installed: ${missing.join(', ')}.\nInstall them first: npm ci`)
}

/**
 * Builds the app by `aio app build`, as a deployment does but with the sample configuration, and returns its actions with
 * the limits that its `ext.config.yaml` gives them. What is newer than all that goes into it is not built again. Throws a
 * {@link SetupError} with the build's log when that fails.
 */
export const buildActions = async (write: (line: string) => void): Promise<Record<string, ActionSpec>> => {
  // it needs what checkDependencies looks for
  const { ensureBuilt, isBuilt } = await import('../scripts/app-build')
  if (!(await isBuilt())) write('Building the actions with `aio app build` (a moment)...\n')
  try {
    await ensureBuilt()
  } catch (error) {
    const log = error instanceof Error ? error.message : String(error)
    throw new SetupError(`${log.trim()}\n\nTo see it again: npm start`)
  }
  const actions = builtActions(sampleRoot)
  const missing = Object.values(actions).find(({ bundle }) => !existsSync(join(bundle, 'index.js')))
  if (missing === undefined) return actions
  throw new SetupError(
    `The build went well, but ${missing.bundle} is not there. Remove sample-app/ and try again: npm start`,
  )
}
