import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { SetupContext, SetupItem } from './step'

/**
 * Makes a file of the project hold exactly this text, whole or not at all.
 * @param name in the project's folder, such as `aem/api.yaml`
 * @param options.mode of a new file, such as 0o600 for secrets
 */
export async function keepFile(
  name: string,
  text: string,
  { root, dryRun }: Pick<SetupContext, 'root' | 'dryRun'>,
  { mode }: { mode?: number } = {},
): Promise<SetupItem> {
  const path = join(root, name)
  if (!dryRun) await removeParts(path)
  if ((await textOf(path)) === text) return { kind: 'unchanged', what: name }
  if (dryRun) return { kind: 'changed', what: name }
  await mkdir(dirname(path), { recursive: true })
  const part = `${path}.${randomUUID()}.part`
  try {
    await writeFile(part, text, mode === undefined ? {} : { mode })
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  return { kind: 'changed', what: name }
}

/** What a run has left that was killed while it wrote. */
async function removeParts(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => [])
  const isPart = (one: string): boolean =>
    one.startsWith(`${basename(path)}.`) && /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/.test(one)
  await Promise.all(names.filter(isPart).map((one) => rm(join(dirname(path), one), { force: true })))
}

/** The text of a file; undefined when there is none. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    // No instance of Error where modules have globals of their own, as in Jest.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return undefined
    throw error
  }
}
