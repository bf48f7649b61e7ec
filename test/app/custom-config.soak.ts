import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { copyRepository, followsConfig, type RepositoryCopy } from '../support/repository-copy'
import { companyInputs, writeCompanyConfig } from './company-config'

const minute = 60_000

/** In the order in which somebody who has just edited `config/` would go. */
describe('with a config/ of a company, in a copy of the repository', () => {
  let copy: RepositoryCopy
  beforeAll(async () => {
    copy = await copyRepository()
    await writeCompanyConfig(copy)
  }, 5 * minute)
  afterAll(() => copy.close())

  test('npm run generate writes what follows from config/, and nothing of the app as it comes', async () => {
    expect(await copy.script('scripts/generate.ts')).toMatchObject({ code: 0 })

    expect(await copy.changed()).toEqual(
      [...followsConfig, 'config/deployment.ts', 'config/destinations.ts', 'config/enrichment.ts'].sort(),
    )
    const [manifest, example] = [await copy.read('ext.config.yaml'), await copy.read('.env.example')]
    for (const name of companyInputs) {
      expect(manifest).toContain(`        ${name}: $${name}\n`)
      expect(example).toContain(`# ${name}=\n`)
    }
    expect(manifest).not.toContain('MARKETO_')
  })

  test(
    'npm run check is green, but for the load times, which are taken on a quiet machine only',
    async () => {
      const { code, output } = await copy.script('scripts/check.ts', '--skip', 'load times')

      expect(code === 0 ? '' : output).toBe('')
    },
    20 * minute,
  )

  test(
    'npm start is green',
    async () => {
      const { code, output } = await copy.script('sandbox/start.ts')

      expect(output).toContain('All as expected.')
      expect(code).toBe(0)
    },
    10 * minute,
  )

  test('what is deployed has config/ in it, and what is demonstrated has not', async () => {
    const bundleOf = (folder: string, action: string) =>
      copy.read(`${folder}/application/actions/asset-bridge/${action}-temp/index.js`)
    const holds = async (folder: string) => [
      (await bundleOf(folder, 'generic')).includes('acme:sku'),
      (await bundleOf(folder, 'generic')).includes('wknd-skuid'),
      (await bundleOf(folder, 'export-asset')).includes('SHELF_SHARE'),
    ]

    expect(await holds('dist')).toEqual([true, false, true])
    expect(await holds('sample-app/dist')).toEqual([false, true, false])
  })

  test(
    'npm test is green in what reads what config/ is made into',
    async () => {
      const files = await testsAboutConfig(copy)
      expect(files).toEqual(
        expect.arrayContaining(['test/app/deploy.test.ts', 'test/scripts/ext-config.test.ts']),
      )
      const { code, output } = await copy.jest(...files)

      expect({ code, failed: output.match(/^FAIL .*$/gm) ?? [] }).toEqual({ code: 0, failed: [] })
      expect(output).toMatch(/Tests: .*\d+ passed/)
    },
    30 * minute,
  )
})

/** What tells that a test reads a configuration, what is generated from one, or what is built with one. */
const marks = /ext\.config|\.env\.example|declared|config\/|ownApp|app-build|built-actions/

/** The other tests know no configuration: arrows and `sample-config` of jest.config.js keep it from them. */
async function testsAboutConfig(copy: RepositoryCopy): Promise<string[]> {
  const files = await readdir(join(copy.folder, 'test'), { recursive: true })
  const tests = files.filter((file) => file.endsWith('.test.ts')).map((file) => `test/${file}`)
  const texts = await Promise.all(tests.map((file) => copy.read(file)))
  return tests.filter((_, index) => marks.test(texts[index] ?? '')).sort()
}
