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

  describe('of which some compile', () => {
    let wrong: string | undefined
    beforeAll(async () => {
      const importing = [
        "import type { PimCommunicator } from '../src/plugin/pim'",
        "import type { Product } from 'aem-asset-bridge/src/core/product'",
        "import enrichment from './enrichment'",
        'export const shown: [PimCommunicator[], Product[], string] = [[], [], enrichment.linkProperty]',
      ].join('\n')
      const good = 'export const right: number = 1\n'
      const bad = "\nexport const wrong: number = 'one'\n"
      wrong = await compileBlocks([
        { page: 'docs/imports.md', line: 10, code: importing },
        { page: 'README.md', line: 10, code: good },
        { page: 'docs/pim.md', line: 20, code: bad },
      ])
    })

    test('resolves imports as a file of config/ does, and by the name of the package', () => {
      expect(wrong).not.toContain('docs/imports.md')
    })

    test('says on which line of which page an example is wrong', () => {
      expect(wrong).toContain('docs/pim.md:22: error TS2322')
      expect(wrong).not.toContain('README.md')
      expect(wrong?.match(/error TS/g)).toHaveLength(1)
    })
  })

  test('has nothing to say when all compile', async () => {
    const good = { page: 'README.md', line: 10, code: 'export const right: number = 1\n' }

    expect(await compileBlocks([good])).toBeUndefined()
  })
})
