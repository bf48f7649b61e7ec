import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isRecord, parseJson } from '../../src/core/json'
import { type Deployments, type Environment, readDeployments, warningsFor, withDeployment } from './check'

/** Where the targets of the last deployments are noted. aio keeps its own notes in that folder, and git ignores it. */
const notesFile = (): string => join(process.cwd(), 'dist', 'last-deployed-targets.json')

/**
 * Prints what in .env does not belong to the workspace. aio has read .env into the environment before.
 * @param config what aio hands to a hook: `project` is what .aio says
 */
export function warnOfWorkspace(config: unknown): void {
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

/** The targets of the last deployments from this folder, as they are noted. */
export function notes(): Deployments {
  try {
    return readDeployments(parseJson(readFileSync(notesFile(), 'utf8')))
  } catch {
    // Nothing has been deployed from here.
    return {}
  }
}
