import { blocksOf, compileBlocks } from '../../scripts/check/docs'

const fence = '```'

describe('the check of the examples in the docs', () => {
  test('takes each ts block of a page, with its line, and no other block', () => {
    const page = [
      '# Title',
      '',
      `${fence}ts`,
      'const one = 1',
      fence,
      `${fence}sh`,
      'npm start',
      fence,
      '',
    ].join('\n')

    expect(blocksOf('docs/page.md', page)).toEqual([
      { page: 'docs/page.md', line: 3, code: 'const one = 1\n' },
    ])
  })

  test('resolves imports as a file of config/ does, and by the name of the package', async () => {
    const code = [
      "import type { PimCommunicator } from '../src/plugin/pim'",
      "import type { Product } from 'aem-asset-bridge/src/core/product'",
      "import enrichment from './enrichment'",
      'export const shown: [PimCommunicator[], Product[], string] = [[], [], enrichment.linkProperty]',
    ].join('\n')

    expect(await compileBlocks([{ page: 'README.md', line: 10, code }])).toBeUndefined()
  })

  test('says on which line of which page an example is wrong', async () => {
    const good = { page: 'README.md', line: 10, code: 'export const right: number = 1\n' }
    const bad = { page: 'docs/pim.md', line: 20, code: "\nexport const wrong: number = 'one'\n" }

    const wrong = await compileBlocks([good, bad])

    expect(wrong).toContain('docs/pim.md:22: error TS2322')
    expect(wrong).not.toContain('README.md')
  })
})
