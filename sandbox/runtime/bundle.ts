import { cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** An unpacked action: a folder with an index.js, far from any node_modules. */
export type UnpackedBundle = { folder: string; remove(): Promise<void> }

/**
 * Copies a bundle (a folder with an index.js, or one file that needs no other) to a temporary folder, as a container unpacks its
 * zip: a `require` of anything that is not in the bundle fails here as it would there. Throws when there is
 * no bundle.
 */
export const unpack = async (bundle: string): Promise<UnpackedBundle> => {
  const source = resolve(bundle)
  const found = await stat(source).catch(() => undefined)
  if (found === undefined) throw new Error(`There is no action bundle at ${source}`)
  const folder = await mkdtemp(join(tmpdir(), 'action-'))
  await cp(source, found.isDirectory() ? folder : join(folder, 'index.js'), { recursive: true })
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
