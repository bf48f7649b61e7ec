import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { longActions, wrongArrows } from '../../scripts/check/arrows'

let tree: string

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'arrows-'))
})

afterAll(() => rm(tree, { recursive: true, force: true }))

/** As the repository's own: what src/ reads of a configuration has a name there. */
const manifest = JSON.stringify({ imports: { '#config/*': './config/*.ts' } })

/** Writes files, each of which exports something and imports the files named. */
async function plant(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, code] of Object.entries({ 'package.json': manifest, ...files })) {
    await mkdir(dirname(join(tree, file)), { recursive: true })
    await writeFile(join(tree, file), code)
  }
}

const leaf = 'export const leaf = 1\nexport type Leaf = number\n'
const importing = (...paths: string[]): string =>
  paths.map((path, index) => `export { leaf as leaf${index} } from '${path}'\n`).join('')

/** Rooms on every floor, whose arrows all point down. */
const sound = {
  'src/core/asset.ts': leaf,
  'src/http/client.ts': importing('../core/asset'),
  'src/aem/client.ts': importing('../http/client', '../core/asset'),
  'src/aem/binary/source.ts': importing('../client'),
  'src/plugin/pim.ts': importing('../core/asset'),
  'src/flows/work.ts': importing('../core/asset'),
  'src/flows/record-failure.ts': importing('../delivery/record-writer', './work'),
  'src/delivery/record-writer.ts': leaf,
  'src/flows/enrich/enrich.ts': importing('../work', '../../aem/client', '../../plugin/pim'),
  'src/flows/sync/sync.ts': importing('../enrich/enrich', '../work'),
  'src/connectors/kit/blocks.ts': importing('../../core/asset'),
  'src/connectors/mock/pim.ts': importing('../../plugin/pim', '../kit/blocks', './errors'),
  'src/connectors/mock/errors.ts': leaf,
  'config/enrichment.ts': importing('../src/connectors/mock/pim', '../src/plugin/pim'),
  'src/app/enrich.ts': importing('../flows/sync/sync', '#config/enrichment'),
  'actions/generic/index.ts': importing('../../src/app/enrich'),
  'src/connectors/akeneo/webhook.ts': importing('../../plugin/pim'),
  'src/app/pim-events.ts': importing('../connectors/akeneo/webhook', '../core/asset'),
}

test('arrows pass where all of them point down', async () => {
  await plant(sound)

  expect(await wrongArrows(tree)).toBe('')
})

describe('arrows that must not be', () => {
  const single = [
    ['up', 'src/http/up.ts', '../flows/target', 'src/flows/target.ts'],
    ['to a neighbour', 'src/aem/neighbour.ts', '../journal/target', 'src/journal/target.ts'],
    ['up within a room', 'src/aem/own.ts', './binary/target', 'src/aem/binary/target.ts'],
    [
      'from the words of the flows to a flow',
      'src/flows/up.ts',
      './enrich/target',
      'src/flows/enrich/target.ts',
    ],
    [
      'from one flow to its neighbour',
      'src/flows/enrich/side.ts',
      '../export/target',
      'src/flows/export/target.ts',
    ],
    ['from a flow to a connector', 'src/flows/run/a.ts', '../../connectors/x/pim', 'src/connectors/x/pim.ts'],
    [
      'from the app to a connector',
      'src/app/past-config.ts',
      '../connectors/t/client',
      'src/connectors/t/client.ts',
    ],
    [
      'from a flow to a webhook',
      'src/flows/sync/a.ts',
      '../../connectors/u/webhook',
      'src/connectors/u/webhook.ts',
    ],
    ['from a connector to another', 'src/connectors/y/pim.ts', '../z/client', 'src/connectors/z/client.ts'],
    ['from the kit to a connector', 'src/connectors/kit/a.ts', '../v/client', 'src/connectors/v/client.ts'],
    ['from a connector to a flow', 'src/connectors/w/pim.ts', '../../flows/other', 'src/flows/other.ts'],
    [
      'from a flow to the writer of records',
      'src/flows/run/b.ts',
      '../../delivery/record-writer',
      'src/delivery/record-writer.ts',
    ],
    [
      'from the command line to the writer of records',
      'cli/b.ts',
      '../src/delivery/record-writer',
      'src/delivery/record-writer.ts',
    ],
    [
      'from a flow to how its outcome is told',
      'src/flows/run/c.ts',
      '../../runtime/render',
      'src/runtime/render.ts',
    ],
    ['into a room that nobody knows', 'src/aem/lost.ts', '../attic/target', 'src/attic/target.ts'],
    ['out of core', 'src/core/out.ts', '../http/target', 'src/http/target.ts'],
    ['from a flow to config', 'src/flows/config.ts', '../../config/target', 'config/target.ts'],
    ['from a flow to config by its name', 'src/flows/named.ts', '#config/target', 'config/target.ts'],
    ['from the app to config past its name', 'src/app/past.ts', '../../config/target', 'config/target.ts'],
    ['from a test to config', 'test/flows/own.ts', '../../config/target', 'config/target.ts'],
    ['from a benchmark to config', 'bench/own.ts', '../config/target', 'config/target.ts'],
    ['from the app to the sample', 'src/app/sample.ts', '../../sample-config/one', 'sample-config/one.ts'],
    ['from src to the sandbox', 'src/aem/sandbox.ts', '../../sandbox/target', 'sandbox/target.ts'],
    ['from the sandbox to src', 'sandbox/src.ts', '../src/core/target', 'src/core/target.ts'],
    ['from an action past its flow', 'actions/status/index.ts', '../../src/aem/target', 'src/aem/target.ts'],
    ['from config to the HTTP client', 'config/http.ts', '../src/http/other', 'src/http/other.ts'],
  ] as const
  let wrong: readonly string[]

  /** The checker takes as long for one wrong arrow as for all of them. */
  beforeAll(async () => {
    await plant({
      ...sound,
      ...Object.fromEntries(single.map(([, , , to]) => [to, leaf])),
      ...Object.fromEntries(single.map(([, from, path]) => [from, importing(path)])),
      'src/http/type.ts': `import type { Leaf } from '../flows/target'\nexport const one: Leaf = 1\n`,
      'src/connectors/s3/destination.ts': leaf,
      'src/app/export.ts': `export const load = () => import('../connectors/s3/destination')\n`,
      'actions/pim-sync/index.ts': `export { load } from '../../src/app/export'\n`,
      'actions/export-asset/index.ts': `export { load } from '../../src/app/export'\n`,
      'src/app/second.ts': importing('../connectors/akeneo/webhook'),
      'src/connectors/mock/client.ts': leaf,
      'actions/pim-events/index.ts': importing('../../src/app/client'),
      'src/app/client.ts': importing('../connectors/mock/client'),
      'src/core/a.ts': importing('./b'),
      'src/core/b.ts': importing('./a'),
      'src/core/c.ts': importing('./missing'),
    })
    wrong = (await wrongArrows(tree)).split('\n')
  })

  test.each(single)('fail %s', (_case, from, _path, to) => {
    expect(wrong).toContainEqual(expect.stringMatching(new RegExp(`${from}.*${to}`)))
  })

  test('fail where only a type points up', () => {
    expect(wrong).toContainEqual(
      expect.stringMatching(/src\/http imports from lower rooms only.*src\/http\/type\.ts/),
    )
  })

  test('fail where a receiver of events reaches a destination, however far and however late it is imported', () => {
    expect(wrong).toContainEqual(
      expect.stringMatching(/carries no destination.*actions\/pim-sync\/index\.ts/),
    )
    expect(wrong.join('\n')).not.toContain('actions/export-asset/index.ts')
  })

  test('fail where anybody but the one that may imports a webhook', () => {
    expect(wrong).toContainEqual(expect.stringMatching(/a webhook is known.*src\/app\/second\.ts/))
  })

  test('fail where the receiver of a PIM reaches the client of one', () => {
    expect(wrong).toContainEqual(
      expect.stringMatching(/carries no client of one.*actions\/pim-events\/index\.ts/),
    )
  })

  test('fail in a circle, and on the way to nowhere', () => {
    expect(wrong).toContainEqual(expect.stringMatching(/no cycles.*src\/core\/[ab]\.ts/))
    expect(wrong).toContainEqual(expect.stringMatching(/imports lead somewhere.*src\/core\/c\.ts/))
  })

  test('those that may be are not among them', () => {
    for (const file of Object.keys(sound)) expect(wrong.join('\n')).not.toContain(`${file} `)
  })
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
