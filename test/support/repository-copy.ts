import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type CommandResult, root, runScript } from '../../scripts/command'

/** A working copy of the repository in a folder of its own, with the installed packages of this one. */
export type RepositoryCopy = {
  folder: string
  /** Writes a file, and the folders above it. */
  write(file: string, text: string): Promise<void>
  /** Replaces the first of `from`, which has to be there. */
  edit(file: string, from: string, to: string): Promise<void>
  read(file: string): Promise<string>
  /** The files that are others than in the repository as it comes, or are not there. */
  changed(): Promise<string[]>
  /** Runs a script of the copy by tsx, as `npm run` does. */
  script(file: string, ...args: string[]): Promise<CommandResult>
  jest(...paths: string[]): Promise<CommandResult>
  close(): Promise<void>
}

/** What follows from `config/`: a user's copy has its own. */
const ownGenerated = ['ext.config.yaml', '.env.example', 'src/inputs/declared.ts']
const configFiles = ['enrichment.ts', 'destinations.ts', 'deployment.ts']

/**
 * Copies the files of the repository, with `config/` as it comes: whoever runs this may have made another one of it.
 * @returns those that were copied from their place here
 */
export async function copyFiles(folder: string): Promise<string[]> {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  const files = listed.split('\0').filter((file) => file !== '' && !file.startsWith('config/'))
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await cp(join(root, file), join(folder, file))
  }
  await mkdir(join(folder, 'config'), { recursive: true })
  for (const file of configFiles) await cp(join(root, 'sample-config', file), join(folder, 'config', file))
  return files
}

/** Copies the repository, and generates what follows from `config/` as it comes. */
export async function copyRepository(): Promise<RepositoryCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'repository-'))
  const files = await copyFiles(folder)
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  const read = (file: string): Promise<string> => readFile(join(folder, file), 'utf8')
  const script: RepositoryCopy['script'] = (file, ...args) =>
    runScript('tsx/dist/cli.mjs', [file, ...args], { cwd: folder })
  const generated = await script('scripts/generate.ts')
  if (generated.code !== 0) throw new Error(generated.output)
  const before = new Map<string, string>()
  for (const file of [...files, ...configFiles.map((it) => `config/${it}`)])
    before.set(file, await read(file))

  return {
    folder,
    read,
    script,
    jest: (...paths) => runScript('jest/bin/jest.js', paths, { cwd: folder, env: withoutJest() }),
    async write(file, text) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), text)
    },
    async edit(file, from, to) {
      const text = await read(file)
      if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`)
      await writeFile(join(folder, file), text.replace(from, to))
    },
    async changed() {
      const now = await Promise.all(
        [...before].map(async ([file, text]) => ((await read(file).catch(() => '')) === text ? [] : [file])),
      )
      return now.flat().sort()
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** What `npm run generate` writes anew after a change in `config/`. */
export const followsConfig = [...ownGenerated].sort()

/** A Jest in a Jest would take itself for one of the other's workers, and write its summary over the other's. */
export function withoutJest(): NodeJS.ProcessEnv {
  const { JEST_WORKER_ID, CI_SUMMARY, ...env } = process.env
  return env
}
