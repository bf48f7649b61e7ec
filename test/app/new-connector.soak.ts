import { copyRepository, followsConfig, type RepositoryCopy } from '../support/repository-copy'

const minutes = 60_000
let copy: RepositoryCopy
beforeEach(async () => {
  copy = await copyRepository()
}, 5 * minutes)
afterEach(() => copy.close())

const kinds = [
  {
    kind: 'destination',
    name: 'my-shop',
    config: 'config/destinations.ts',
    files: ['destination.ts', 'inputs.ts', 'errors.ts'],
    input: 'MY_SHOP_TOKEN',
    import: ['import { s3 }', "import { myShop } from '../src/connectors/my-shop/destination'"],
    line: ['    sftp: sftp(),\n', "    'my-shop': myShop(),\n"],
  },
  {
    kind: 'pim',
    name: 'my-facts',
    config: 'config/enrichment.ts',
    files: ['pim.ts', 'inputs.ts'],
    input: 'MY_FACTS_API_KEY',
    import: ['import { restPim }', "import { myFactsPim } from '../src/connectors/my-facts/pim'"],
    line: ['    rest: restPim(),\n', "    'my-facts': myFactsPim(),\n"],
  },
] as const

test(
  'npm run new lays out connectors that pass the check and their conformance suites, and their keys in config/ are all that they need',
  async () => {
    for (const {
      kind,
      name,
      files,
      import: [, line],
      line: [, key],
    } of kinds) {
      const made = await copy.script('scripts/new.ts', kind, name)
      expect(made.code === 0 ? '' : made.output).toBe('')
      for (const file of files) expect(made.output).toContain(`wrote src/connectors/${name}/${file}`)
      expect(await copy.changed()).toEqual([])
      for (const told of [line, key.trim()]) expect(made.output).toContain(told)
    }

    for (const {
      config,
      import: [beside, line],
      line: [before, key],
    } of kinds) {
      await copy.edit(config, before, `${before}${key}`)
      await copy.edit(config, beside, `${line}\n${beside}`)
    }
    expect(await copy.script('scripts/generate.ts')).toMatchObject({ code: 0 })
    expect(await copy.changed()).toEqual([...followsConfig, ...kinds.map(({ config }) => config)].sort())
    for (const { name, input } of kinds) {
      expect(await copy.read('ext.config.yaml')).toContain(`        ${input}: $${input}\n`)
      expect(await copy.read('.env.example')).toContain(`docs/connectors/${name}.md`)
    }

    const checked = await copy.script('scripts/check.ts', '--skip', 'budgets', 'load times')
    expect(checked.code === 0 ? '' : checked.output).toBe('')
    const tested = await copy.jest(...kinds.map(({ name }) => `test/connectors/${name}`))
    expect(tested.code === 0 ? '' : tested.output).toBe('')

    for (const { kind, name } of kinds) {
      const again = await copy.script('scripts/new.ts', kind, name)
      expect([again.code, again.output]).toEqual([2, expect.stringContaining('nothing was written')])
    }
  },
  5 * minutes,
)

test.each([
  [['destination']],
  [['pim', 'My Shop']],
  [['thing', 'my-shop']],
  [['pim', 'kit']],
  [['pim', 'a', 'b']],
])(
  'npm run new -- %j says how it is used',
  async (args) => {
    expect(await copy.script('scripts/new.ts', ...args)).toEqual({
      code: 2,
      output: expect.stringContaining('usage: npm run new'),
    })
    expect(await copy.changed()).toEqual([])
  },
  minutes,
)
