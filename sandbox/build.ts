import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root, sampleRoot } from '../scripts/command'
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

/** Whose configuration the app is built with: that of `sample-config/`, or the user's, `config/`. */
export type Configured = 'sample-config' | 'config'

/**
 * Builds the app by `aio app build`, as a deployment does, and returns its actions with the limits that its
 * `ext.config.yaml` gives them. What is newer than all that goes into it is not built again. Throws a {@link SetupError}
 * with the build's log when that fails.
 */
export const buildActions = async (
  write: (line: string) => void,
  configured: Configured = 'sample-config',
): Promise<Record<string, ActionSpec>> => {
  // it needs what checkDependencies looks for
  const { ensureBuilt, isBuilt, ownApp, sampleApp } = await import('../scripts/app-build')
  const app = configured === 'config' ? ownApp : sampleApp
  if (!(await isBuilt(app))) write('Building the actions with `aio app build` (a moment)...\n')
  try {
    await ensureBuilt(app)
  } catch (error) {
    const log = error instanceof Error ? error.message : String(error)
    throw new SetupError(`${log.trim()}\n\nTo see it again: npm start`)
  }
  const actions = builtActions(configured === 'config' ? root : sampleRoot)
  const missing = Object.values(actions).find(({ bundle }) => !existsSync(join(bundle, 'index.js')))
  if (missing === undefined) return actions
  const folder = configured === 'config' ? 'dist/' : 'sample-app/'
  throw new SetupError(
    `The build went well, but ${missing.bundle} is not there. Remove ${folder} and try again: npm start`,
  )
}

/** What the scene of the write back is played with: the built `generic`, with rules that tell the PIM something. */
export const WRITE_BACK = 'generic-write-back'

/**
 * The same actions for the demonstration, and one more: {@link WRITE_BACK}. Throws a {@link SetupError} with the build's
 * log when that fails.
 */
export const buildDemo = async (write: (line: string) => void): Promise<Record<string, ActionSpec>> => {
  const { ensureDemoBuilt } = await import('../scripts/app-build')
  const bundling = ensureDemoBuilt()
  // It is told below, behind a failure of the build.
  bundling.catch(() => undefined)
  const actions = await buildActions(write)
  const { generic } = actions
  if (generic === undefined) throw new SetupError('ext.config.yaml declares no generic')
  const bundle = await bundling.catch((error: unknown) => {
    throw new SetupError(
      `${error instanceof Error ? error.message : String(error)}\n\nTo see it again: npm start`,
    )
  })
  return { ...actions, [WRITE_BACK]: { ...generic, bundle } }
}

/** The inputs that the app binds to its actions, by name. */
export const inputNames = async (configured: Configured): Promise<readonly string[]> => {
  const { declaredInputs, ownApp, sampleApp } = await import('../scripts/app-build')
  return declaredInputs(configured === 'config' ? ownApp : sampleApp)
}
