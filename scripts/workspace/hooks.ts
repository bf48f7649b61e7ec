import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isRecord, parseJson } from '../../src/core/json'
import { type Deployments, type Environment, readDeployments, warningsFor, withDeployment } from './check'

/** Where the targets of the last deployments are noted. aio keeps its own notes in that folder, and git ignores it. */
const notesFile = (root = process.cwd()): string => join(root, 'dist', 'last-deployed-targets.json')

/** Set by `npm run deploy -- --env`, which has checked the environment before: `.env` and `.aio` are not what is deployed. */
export const isChecked = 'BRIDGE_DEPLOY_IS_CHECKED'

/**
 * Prints what in .env does not belong to the workspace. aio has read .env into the environment before.
 * @param config what aio hands to a hook: `project` is what .aio says
 */
export function warnOfWorkspace(config: unknown): void {
  if (process.env[isChecked] !== undefined) return
  for (const warning of warningsFor(environmentOf(config), notes())) console.warn(`Warning: ${warning}`)
}

/** Notes which author and journal the workspace has now. @param config as for {@link warnOfWorkspace} */
export function rememberWorkspace(config: unknown): void {
  const file = notesFile()
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(withDeployment(notes(), environmentOf(config)), null, 2)}\n`)
}

const environmentOf = (config: unknown): Environment => ({
  env: process.env,
  project: isRecord(config) ? config.project : undefined,
})

/** The targets of the last deployments from a project's folder, as they are noted. @default the current folder */
export function notes(root?: string): Deployments {
  try {
    return readDeployments(parseJson(readFileSync(notesFile(root), 'utf8')))
  } catch {
    // Nothing has been deployed from here.
    return {}
  }
}
