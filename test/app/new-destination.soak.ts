import { copyRepository, followsConfig, type RepositoryCopy } from '../support/repository-copy'

/** All that a new destination is: its folder, its test, its page. */
const files = {
  'src/connectors/shelf/inputs.ts': `import { declareInputs, text } from '../../plugin/inputs'

/** The input of a shelf, behind its prefix. */
export const shelfInputs = declareInputs({
  ROOT: { meaning: 'Where the shelf is mounted.', required: true, example: '/mnt/shelf', shape: text },
})
`,
  'src/connectors/shelf/destination.ts': `import type { Destination, DestinationFactory, StoredObject } from '../../plugin/destination'
import { isSet, prefixed, valuesOf } from '../../plugin/inputs'
import { storedFrom } from '../kit/stored'
import { shelfInputs } from './inputs'

/** Creates the \`shelf\` destination: it remembers what was put there, as long as the container lives. */
export const shelf = ({ inputs = 'SHELF' }: { inputs?: string } = {}): DestinationFactory => ({
  inputs: prefixed(inputs, shelfInputs),
  docs: 'docs/connectors/shelf.md',
  isOn: (context) => isSet(shelfInputs, 'ROOT', context, inputs),
  create: (context): Destination => {
    const { ROOT } = valuesOf(shelfInputs, context, { prefix: inputs })
    const held = new Map<string, StoredObject>()
    return {
      name: context.name,
      head: async (key) => held.get(\`\${ROOT}/\${key}\`),
      put: async (key, source) => {
        const stored = storedFrom(source, source.size ?? 0, undefined)
        held.set(\`\${ROOT}/\${key}\`, stored)
        return stored
      },
      check: async () => [{ what: 'remembers', ok: true }],
    }
  },
})
`,
  'test/connectors/shelf/destination.test.ts': `import { shelf } from '../../../src/connectors/shelf/destination'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

test('a shelf tells which version it holds', async () => {
  const destination = shelf().create(contextOf({ SHELF_ROOT: '/mnt/shelf' }))
  const source = fakeBinary({ size: 10, seed: 1 })
  await destination.put('lamp.png', source, {}, startCall())
  expect(await destination.head?.('lamp.png', startCall())).toMatchObject({ version: source.version })
})
`,
  'docs/connectors/shelf.md': '# The `shelf` destination\n\n`SHELF_ROOT` says where it is mounted.\n',
} as const

let copy: RepositoryCopy
beforeAll(async () => {
  copy = await copyRepository()
})
afterAll(() => copy.close())

test('a new destination is its folder, its test, its page, and its key in config/', async () => {
  for (const [file, text] of Object.entries(files)) await copy.write(file, text)
  const line = '    shelf: shelf(),\n'
  await copy.edit('config/destinations.ts', '    sftp: sftp(),\n', `    sftp: sftp(),\n${line}`)
  await copy.edit(
    'config/destinations.ts',
    'import { defineDestinations }',
    "import { shelf } from '../src/connectors/shelf/destination'\nimport { defineDestinations }",
  )

  expect(await copy.script('scripts/generate.ts')).toMatchObject({ code: 0 })
  expect(await copy.changed()).toEqual([...followsConfig, 'config/destinations.ts'].sort())
  expect(await copy.read('ext.config.yaml')).toContain('        SHELF_ROOT: $SHELF_ROOT\n')
  expect(await copy.read('.env.example')).toContain('docs/connectors/shelf.md')

  const steps = ['types', 'lint', 'arrows', 'mechanisms', 'dead code', 'generated', 'inputs']
  expect(await copy.script('scripts/check.ts', ...steps)).toMatchObject({
    code: 0,
    output: expect.not.stringContaining('FAIL'),
  })
  expect(await copy.jest('test/connectors/shelf')).toMatchObject({ code: 0 })
})
