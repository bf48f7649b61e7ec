import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root, runScript } from './command'

/** An action as ext.config.yaml declares it and `aio app build` leaves it. */
export type BuiltAction = { name: string; bundle: string; zip: string }

const packageName = 'asset-bridge'
const distFolder = join(root, 'dist/application/actions', packageName)
/** Whatever can change a bundle. */
const sources = [
  'actions',
  'config',
  'src',
  'webpack',
  'webpack-config.js',
  'ext.config.yaml',
  'package-lock.json',
]

type Package = { inputs?: Record<string, string>; actions: Record<string, { function: string }> }
type ExtConfig = { runtimeManifest: { packages: Record<string, Package> } }

async function declaredPackage(): Promise<Package | undefined> {
  const config = parse(await readFile(join(root, 'ext.config.yaml'), 'utf8')) as ExtConfig
  return config.runtimeManifest.packages[packageName]
}

/** The names of the inputs that ext.config.yaml binds to the package. */
export async function declaredInputs(): Promise<readonly string[]> {
  return Object.keys((await declaredPackage())?.inputs ?? {})
}

/** The actions that ext.config.yaml declares. */
export async function declaredActions(): Promise<Array<BuiltAction & { source: string }>> {
  const actions = (await declaredPackage())?.actions ?? {}
  return Object.entries(actions).map(([name, action]) => ({
    name,
    source: action.function,
    bundle: join(distFolder, `${name}-temp`, 'index.js'),
    zip: join(distFolder, `${name}.zip`),
  }))
}

/** Tells whether what is in dist is newer than all that goes into it. */
export async function isBuilt(): Promise<boolean> {
  const actions = await declaredActions()
  const built = await Promise.all(
    actions.flatMap((action) => [changedAt(action.bundle), changedAt(action.zip)]),
  )
  const changed = await Promise.all(sources.map((source) => newestIn(join(root, source))))
  return built.length > 0 && Math.min(...built) > Math.max(...changed)
}

/**
 * Runs `aio app build` unless what is in dist is newer than all that goes into it.
 * @returns whether it built
 * @throws when the build fails, with what it said
 */
export async function ensureBuilt(): Promise<boolean> {
  if (await isBuilt()) return false
  const { code, output } = await runScript('@adobe/aio-cli/bin/run', ['app', 'build'], {
    env: { ...process.env, AIO_TELEMETRY_DISABLED: '1' },
  })
  if (code !== 0) throw new Error(`aio app build failed:\n${output}`)
  return true
}

async function changedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0
}

async function newestIn(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return 0
  if (!found.isDirectory()) return found.mtimeMs
  const entries = await readdir(path)
  const times = await Promise.all(entries.map((entry) => newestIn(join(path, entry))))
  // The folder's own time moves when a file in it is deleted.
  return Math.max(found.mtimeMs, ...times)
}
