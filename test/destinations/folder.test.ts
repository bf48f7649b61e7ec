import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { folder } from '../../src/destinations/folder'
import { describeDestination } from './conformance'
import { contextOf } from './context'

describeDestination({
  name: 'folder',
  start: async () => {
    const root = await mkdtemp(join(tmpdir(), 'bridge-folder-'))
    const blocked = join(root, '..', `blocked-${process.pid}`)
    await writeFile(blocked, 'a file where the root should be')
    return {
      destination: folder().create(contextOf({ FOLDER_ROOT: join(root, 'made/by/us') })),
      read: (key) => readFile(join(root, 'made/by/us', key)).catch(() => undefined),
      list: async () =>
        (await readdir(join(root, 'made/by/us'), { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
          .map((entry) => relative(join(root, 'made/by/us'), join(entry.parentPath, entry.name))),
      breakIt: { unreachable: () => folder().create(contextOf({ FOLDER_ROOT: blocked })) },
      close: async () => {
        await rm(root, { recursive: true })
        await rm(blocked)
      },
    }
  },
})
