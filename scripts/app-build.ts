import { copyFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parse } from 'yaml'
import { root, runScript, sampleRoot } from './command'

/** An action as ext.config.yaml declares it and `aio app build` leaves it. */
export type BuiltAction = {
  name: string
  /** What is loaded at first, `index.js`. Beside it stands what is loaded when it is needed. */
  bundle: string
  zip: string
}

/** All files of a bundle: `index.js`, and the others in its folder, which is what is uploaded. */
export async function filesOf({ bundle }: Pick<BuiltAction, 'bundle'>): Promise<readonly string[]> {
  const folder = dirname(bundle)
  return (await readdir(folder)).sort().map((name) => join(folder, name))
}

const packageName = 'asset-bridge'

/** A folder that `aio app build` builds, and what of the configuration can change a bundle of it. */
export type App = { folder: string; configuration: readonly string[] }

/** Both: a bundle holds a hash of all. */
const configuration = ['config', 'ext.config.yaml', 'sample-config']

/** The app as a user deploys it: with `config/`. */
export const ownApp: App = { folder: root, configuration }

/** The app with the sample configuration: tests, demonstrations, benchmarks and budgets take it. */
export const sampleApp: App = { folder: sampleRoot, configuration }

/** Whatever else can change a bundle. */
const sources = [
  'actions',
  'src',
  'webpack',
  'webpack-config.js',
  'app.config.yaml',
  'package.json',
  'package-lock.json',
]
/** `ext.config.yaml` of either app, before anything is built. */
const declarationsOf = (app: App): string =>
  join(app === sampleApp ? join(root, 'sample-config') : app.folder, 'ext.config.yaml')

type Package = { inputs?: Record<string, string>; actions: Record<string, { function: string }> }
type ExtConfig = { runtimeManifest: { packages: Record<string, Package> } }

async function declaredPackage(app: App): Promise<Package | undefined> {
  const config = parse(await readFile(declarationsOf(app), 'utf8')) as ExtConfig
  return config.runtimeManifest.packages[packageName]
}

/** The names of the inputs that ext.config.yaml binds to the package. */
export async function declaredInputs(app: App = sampleApp): Promise<readonly string[]> {
  return Object.keys((await declaredPackage(app))?.inputs ?? {})
}

/** The actions that ext.config.yaml declares. */
export async function declaredActions(
  app: App = sampleApp,
): Promise<Array<BuiltAction & { source: string }>> {
  const actions = (await declaredPackage(app))?.actions ?? {}
  const folder = join(app.folder, 'dist/application/actions', packageName)
  return Object.entries(actions).map(([name, action]) => ({
    name,
    source: action.function,
    bundle: join(folder, `${name}-temp`, 'index.js'),
    zip: join(folder, `${name}.zip`),
  }))
}

/** Tells whether what is in the app's dist is newer than all that goes into it. */
export async function isBuilt(app: App = sampleApp): Promise<boolean> {
  const actions = await declaredActions(app)
  return areNew(
    actions.flatMap((action) => [action.bundle, action.zip]),
    app,
  )
}

/** Tells whether all of these files are newer than all that goes into the app. */
async function areNew(files: readonly string[], app: App): Promise<boolean> {
  const built = await Promise.all(files.map(changedAt))
  const changed = await Promise.all(
    [...sources, ...app.configuration].map((source) => newestIn(join(root, source))),
  )
  return built.length > 0 && Math.min(...built) > Math.max(...changed)
}

/**
 * Runs `aio app build` unless what is in dist is newer than all that goes into it.
 * @returns whether it built
 * @throws when the build fails, with what it said
 */
export async function ensureBuilt(app: App = sampleApp): Promise<boolean> {
  if (await isBuilt(app)) return false
  if (app === sampleApp) await laySampleApp()
  const { code, output } = await runScript('@adobe/aio-cli/bin/run', ['app', 'build'], {
    cwd: app.folder,
    env: { ...process.env, AIO_TELEMETRY_DISABLED: '1' },
  })
  if (code !== 0) throw new Error(`aio app build failed:\n${output}`)
  return true
}

/** `generic` with the rules of sample-config/demo/, which `aio app build` never sees. */
const demoBundle = join(sampleRoot, 'demo', 'generic')

/**
 * Bundles `generic` once more, with the rules of the demonstration, unless what is there is newer than all that goes into
 * it.
 * @returns the folder of the bundle
 * @throws when the build fails, with what webpack says
 */
export async function ensureDemoBuilt(): Promise<string> {
  if (await areNew([join(demoBundle, 'index.js')], sampleApp)) return demoBundle
  // Only who builds loads webpack.
  const [{ runWebpack }, { default: config }] = await Promise.all([
    import('./run-webpack'),
    import('../webpack/demo-config.js'),
  ])
  const output = { path: demoBundle, filename: 'index.js' }
  await runWebpack(config, join(root, 'actions/generic/index.ts'), output)
  return demoBundle
}

/**
 * Lays out the project that is built with the sample configuration. Its own `dist/` and `webpack-config.js` keep it apart
 * from what is deployed, and neither `.env` nor `.aio` of whoever runs this takes part.
 */
async function laySampleApp(): Promise<void> {
  await mkdir(sampleRoot, { recursive: true })
  for (const file of ['app.config.yaml', 'package.json', 'sample-config/ext.config.yaml']) {
    await copyFile(join(root, file), join(sampleRoot, basename(file)))
  }
  await writeFile(
    join(sampleRoot, 'webpack-config.js'),
    "module.exports = require('../webpack/sample-config')\n",
  )
  for (const folder of ['actions', 'scripts']) {
    // A junction, since Windows allows anybody to make one.
    await symlink(join(root, folder), join(sampleRoot, folder), 'junction').catch(ignoreExisting)
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
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
