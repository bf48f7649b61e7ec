import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { unzip } from '../unzip'

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

/** The same of the zip that was uploaded, or of the text of one file. Throws when it is no zip. */
export const unpackUpload = async (code: Buffer, isZip: boolean): Promise<UnpackedBundle> => {
  const files = isZip ? unzip(code) : new Map([['index.js', code]])
  const folder = await mkdtemp(join(tmpdir(), 'upload-'))
  for (const [name, content] of files) {
    // A folder has an entry of its own.
    if (name.endsWith('/')) continue
    const file = join(folder, name)
    if (!file.startsWith(join(folder, '/'))) throw new Error(`${name} leads out of the zip`)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
