import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Something that the person at the keyboard can mend; the message says how. */
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

/** The folder of a built action below `dist/`, or undefined when there is none. */
export const findBundle = (root: string, action: string): string | undefined => {
  const actions = join(root, 'dist', 'application', 'actions')
  const packages = existsSync(actions) ? readdirSync(actions) : []
  // our own package first, should an older build have left another one behind
  packages.sort((a, b) => Number(b === 'asset-bridge') - Number(a === 'asset-bridge'))
  return packages
    .map((it) => join(actions, it, `${action}-temp`))
    .find((folder) => existsSync(join(folder, 'index.js')))
}

const run = (root: string, args: string[]): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, AIO_TELEMETRY_DISABLED: '1', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })

/**
 * Builds the app by `aio app build`, as a deployment does, and returns the folder of the built action. Throws
 * a {@link SetupError} with the build's log when that fails.
 */
export const buildAction = async (root: string, action: string): Promise<string> => {
  const aio = join(root, 'node_modules', '@adobe', 'aio-cli', 'bin', 'run')
  const { code, output } = await run(root, [aio, 'app', 'build'])
  if (code !== 0) {
    throw new SetupError(
      `The build failed (exit code ${code}). Its log:\n\n${output.trim()}\n\nTo see it again: npm run build`,
    )
  }
  const bundle = findBundle(root, action)
  if (bundle !== undefined) return bundle
  const expected = join('dist', 'application', 'actions', '*', `${action}-temp`, 'index.js')
  const advice = `The build went well, but ${expected} is not there. Remove dist/ and try again.`
  throw new SetupError(`${advice} The log:\n\n${output.trim()}`)
}
