import { copyRepository, followsConfig, type RepositoryCopy } from '../support/repository-copy'

const minutes = 60_000
let copy: RepositoryCopy
beforeEach(async () => {
  copy = await copyRepository()
}, 5 * minutes)
afterEach(() => copy.close())

test.each([
  {
    kind: 'destination',
    config: 'config/destinations.ts',
    files: ['destination.ts', 'inputs.ts', 'errors.ts'],
    input: 'MY_SHOP_TOKEN',
    import: ['import { s3 }', "import { myShop } from '../src/connectors/my-shop/destination'"],
    line: ['    sftp: sftp(),\n', "    'my-shop': myShop(),\n"],
  },
  {
    kind: 'pim',
    config: 'config/enrichment.ts',
    files: ['pim.ts', 'inputs.ts'],
    input: 'MY_SHOP_API_KEY',
    import: ['import { restPim }', "import { myShopPim } from '../src/connectors/my-shop/pim'"],
    line: ['    rest: restPim(),\n', "    'my-shop': myShopPim(),\n"],
  },
] as const)(
  'npm run new lays out a $kind that passes the check and its conformance suite, and its key in config/ is all that it needs',
  async ({ kind, config, files, input, import: [beside, line], line: [before, key] }) => {
    const made = await copy.script('scripts/new.ts', kind, 'my-shop')
    expect(made.code === 0 ? '' : made.output).toBe('')
    for (const file of files) expect(made.output).toContain(`wrote src/connectors/my-shop/${file}`)
    expect(await copy.changed()).toEqual([])
    for (const told of [line, key.trim()]) expect(made.output).toContain(told)

    await copy.edit(config, before, `${before}${key}`)
    await copy.edit(config, beside, `${line}\n${beside}`)
    expect(await copy.script('scripts/generate.ts')).toMatchObject({ code: 0 })
    expect(await copy.changed()).toEqual([...followsConfig, config].sort())
    expect(await copy.read('ext.config.yaml')).toContain(`        ${input}: $${input}\n`)
    expect(await copy.read('.env.example')).toContain('docs/connectors/my-shop.md')

    const checked = await copy.script('scripts/check.ts', '--skip', 'budgets', 'load times')
    expect(checked.code === 0 ? '' : checked.output).toBe('')
    const tested = await copy.jest('test/connectors/my-shop')
    expect(tested.code === 0 ? '' : tested.output).toBe('')

    const again = await copy.script('scripts/new.ts', kind, 'my-shop')
    expect([again.code, again.output]).toEqual([2, expect.stringContaining('nothing was written')])
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
