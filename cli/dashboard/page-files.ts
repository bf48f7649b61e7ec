import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of the page. */
export type PageFile = { mediaType: string; bytes: Buffer }

const script = 'text/javascript; charset=utf-8'

/** The files of the page, by the end of their address. There are no others: an address never leads to the disk. */
const files = {
  '': ['index.html', 'text/html; charset=utf-8'],
  'style.css': ['style.css', 'text/css; charset=utf-8'],
  'icon.svg': ['icon.svg', 'image/svg+xml'],
  'app.js': ['app.js', script],
  'dom.js': ['dom.js', script],
  'server.js': ['server.js', script],
  'charts.js': ['charts.js', script],
  'records.js': ['records.js', script],
  'asset.js': ['asset.js', script],
  'overview.js': ['overview.js', script],
} as const

const folder = join(__dirname, 'page')

/** Reads them all. */
export async function readPage(): Promise<ReadonlyMap<string, PageFile>> {
  const read = Object.entries(files).map(
    async ([route, [name, mediaType]]) =>
      [route, { mediaType, bytes: await readFile(join(folder, name)) }] as const,
  )
  return new Map(await Promise.all(read))
}
