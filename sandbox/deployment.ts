import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { isJsonObject, type JsonObject, type JsonValue } from './json'
import type { ActionSpec } from './runtime/runtime'

/** An action as `ext.config.yaml` declares it, in the package it declares. */
export type DeclaredAction = Omit<ActionSpec, 'bundle' | 'inputs'> & { name: string }

/** What I/O Runtime takes; a deployment with anything else is refused (Adobe, Runtime system settings). */
const LIMITS = {
  timeout: { least: 100, most: 10_800_000, usual: 60_000 },
  memorySize: { least: 128, most: 4096, usual: 256 },
  concurrency: { least: 1, most: 500, usual: 200 },
}

const limitOf = (action: string, limits: JsonObject, name: keyof typeof LIMITS): number => {
  const { least, most, usual } = LIMITS[name]
  const value = limits[name] ?? usual
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`ext.config.yaml: ${action}: ${name} must be a whole number from ${least} to ${most}`)
}

const member = (value: JsonValue | undefined, name: string): JsonObject => {
  const found = isJsonObject(value) ? value[name] : undefined
  return isJsonObject(found) ? found : {}
}

/** The package and its actions that a text in the form of `ext.config.yaml` declares. Throws on limits that are not possible. */
export const readDeployment = (text: string): { packageName: string; actions: DeclaredAction[] } => {
  const manifest: JsonValue = parse(text)
  const packages = member(member(manifest, 'runtimeManifest'), 'packages')
  const [packageName] = Object.keys(packages)
  if (packageName === undefined) throw new Error('ext.config.yaml declares no package')
  const declared = member(packages[packageName], 'actions')
  const actions = Object.entries(declared).map(([name, action]): DeclaredAction => {
    const limits = member(action, 'limits')
    return {
      name,
      timeoutMs: limitOf(name, limits, 'timeout'),
      memoryMb: limitOf(name, limits, 'memorySize'),
      concurrency: limitOf(name, limits, 'concurrency'),
      rawWeb: isJsonObject(action) && action.web === 'raw',
      provideApiKey: member(action, 'annotations')['provide-api-key'] === true,
      final: member(action, 'annotations').final === true,
    }
  })
  return { packageName, actions }
}

/** The actions as they would be deployed from this project, once it is built. */
export const builtActions = (root: string): Record<string, ActionSpec> => {
  const { packageName, actions } = readDeployment(readFileSync(join(root, 'ext.config.yaml'), 'utf8'))
  const folder = join(root, 'dist', 'application', 'actions', packageName)
  return Object.fromEntries(
    actions.map(({ name, ...limits }) => [name, { ...limits, bundle: join(folder, `${name}-temp`) }]),
  )
}
