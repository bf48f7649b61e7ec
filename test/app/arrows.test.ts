import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { longActions, wrongArrows } from '../../scripts/check/arrows'

let tree: string

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'arrows-'))
})

afterEach(() => rm(tree, { recursive: true, force: true }))

/** Writes files, each of which exports something and imports the files named. */
async function plant(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, code] of Object.entries({ 'package.json': '{}', ...files })) {
    await mkdir(dirname(join(tree, file)), { recursive: true })
    await writeFile(join(tree, file), code)
  }
}

const leaf = 'export const leaf = 1\nexport type Leaf = number\n'
const importing = (...paths: string[]): string =>
  paths.map((path, index) => `export { leaf as leaf${index} } from '${path}'\n`).join('')

describe('the arrows', () => {
  test('pass where all of them point down', async () => {
    await plant({
      'src/core/asset.ts': leaf,
      'src/http/client.ts': importing('../core/asset'),
      'src/aem/client.ts': importing('../http/client', '../core/asset'),
      'src/aem/binary/source.ts': importing('../client'),
      'src/plugin/pim.ts': importing('../core/asset'),
      'src/flows/work.ts': importing('../core/asset'),
      'src/flows/enrich/enrich.ts': importing('../work', '../../aem/client', '../../plugin/pim'),
      'src/flows/sync/sync.ts': importing('../enrich/enrich', '../work'),
      'src/connectors/kit/blocks.ts': importing('../../core/asset'),
      'src/connectors/mock/pim.ts': importing('../../plugin/pim', '../kit/blocks', './errors'),
      'src/connectors/mock/errors.ts': leaf,
      'config/enrichment.ts': importing('../src/connectors/mock/pim', '../src/plugin/pim'),
      'src/app/enrich.ts': importing('../flows/sync/sync', '../../config/enrichment'),
      'actions/generic/index.ts': importing('../../src/app/enrich'),
    })

    expect(await wrongArrows(tree)).toBe('')
  })

  test.each([
    ['up', 'src/http/client.ts', '../flows/work', 'src/flows/work.ts'],
    ['to a neighbour', 'src/aem/client.ts', '../journal/reader', 'src/journal/reader.ts'],
    ['up within a room', 'src/aem/client.ts', './binary/source', 'src/aem/binary/source.ts'],
    ['from the words of the flows to a flow', 'src/flows/work.ts', './enrich/a', 'src/flows/enrich/a.ts'],
    ['from one flow to its neighbour', 'src/flows/enrich/a.ts', '../export/b', 'src/flows/export/b.ts'],
    [
      'from a flow to a connector',
      'src/flows/enrich/a.ts',
      '../../connectors/x/pim',
      'src/connectors/x/pim.ts',
    ],
    ['from a connector to another', 'src/connectors/a/pim.ts', '../b/client', 'src/connectors/b/client.ts'],
    ['from the kit to a connector', 'src/connectors/kit/a.ts', '../b/client', 'src/connectors/b/client.ts'],
    ['from a connector to a flow', 'src/connectors/a/pim.ts', '../../flows/work', 'src/flows/work.ts'],
    ['into a room that nobody knows', 'src/aem/client.ts', '../attic/a', 'src/attic/a.ts'],
    ['out of core', 'src/core/asset.ts', '../http/client', 'src/http/client.ts'],
    [
      'from a flow to config',
      'src/flows/enrich/enrich.ts',
      '../../../config/enrichment',
      'config/enrichment.ts',
    ],
    ['from src to the sandbox', 'src/aem/client.ts', '../../sandbox/author', 'sandbox/author.ts'],
    ['from the sandbox to src', 'sandbox/author.ts', '../src/core/asset', 'src/core/asset.ts'],
    ['from an action past its flow', 'actions/status/index.ts', '../../src/aem/client', 'src/aem/client.ts'],
    ['from config to the HTTP client', 'config/enrichment.ts', '../src/http/client', 'src/http/client.ts'],
  ])('fail %s', async (_case, from, path, to) => {
    await plant({ [to]: leaf, [from]: importing(path) })

    const wrong = await wrongArrows(tree)

    expect(wrong).toContain(from)
    expect(wrong).toContain(to)
  })

  test('fail where only a type points up', async () => {
    await plant({
      'src/flows/enrich/enrich.ts': leaf,
      'src/http/client.ts': `import type { Leaf } from '../flows/enrich/enrich'\nexport const one: Leaf = 1\n`,
    })

    expect(await wrongArrows(tree)).toContain('src/http imports from lower rooms only')
  })

  test('fail where a receiver of events reaches a destination, however far and however late it is imported', async () => {
    await plant({
      'src/connectors/s3/destination.ts': leaf,
      'src/app/export.ts': `export const load = () => import('../connectors/s3/destination')\n`,
      'actions/generic/index.ts': `export { load } from '../../src/app/export'\n`,
      'actions/export-asset/index.ts': `export { load } from '../../src/app/export'\n`,
    })

    const wrong = await wrongArrows(tree)

    expect(wrong).toContain('actions/generic/index.ts')
    expect(wrong).not.toContain('actions/export-asset/index.ts')
  })

  test('fail in a circle, and on the way to nowhere', async () => {
    await plant({
      'src/core/a.ts': importing('./b'),
      'src/core/b.ts': importing('./a'),
      'src/core/c.ts': importing('./missing'),
    })

    const wrong = await wrongArrows(tree)

    expect(wrong).toContain('no cycles')
    expect(wrong).toContain('imports lead somewhere')
  })

  test('an action of more than 40 lines is called too long', async () => {
    await plant({
      'actions/long/index.ts': 'export const line = 1\n'.repeat(41),
      'actions/short/index.ts': 'export const line = 1\n'.repeat(40),
    })

    const wrong = await longActions(tree)

    expect(wrong).toContain('actions/long/index.ts has 41 lines')
    expect(wrong).not.toContain('short')
  })
})
