import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root, runScript } from '../command'
import { releaseProblem } from './released'
import { namedInVain, securityPage } from './security-page'
import type { Step } from './step'

/** A `ts` block of a page, and where it stands. */
type Block = { page: string; line: number; code: string }

// One level below the root, so that a relative import means the same as in config/ and sample-config/.
const folderPrefix = '.doc-blocks-'

/**
 * Every `ts` block in README.md and docs/ compiles against the repository, as if it stood in a file of sample-config/:
 * `../src/plugin/pim` and `./enrichment` lead where they lead from there, and so does
 * `aem-asset-bridge/src/plugin/pim`. Each block is a module of its own. What docs/security.md says of the code is in it.
 * CHANGELOG.md and the app agree about the newest release.
 */
export const docs: Step = {
  name: 'docs',
  run: async () => {
    const texts = await Promise.all(
      (await pages()).map(
        async (page) => [page, await readFile(join(root, page), 'utf8').catch(() => '')] as const,
      ),
    )
    const security = await namedInVain(await readFile(join(root, securityPage), 'utf8'))
    const examples = await compileBlocks(texts.flatMap(([page, text]) => blocksOf(page, text)))
    const [changelog = '', manifest = '', lock = ''] = await Promise.all(
      ['CHANGELOG.md', 'package.json', 'package-lock.json'].map((file) => readFile(join(root, file), 'utf8')),
    )
    const release = releaseProblem({ changelog, manifest, lock })
    const said = [
      ...security.map((what) => `${securityPage}: ${what}`),
      ...(release ? [release] : []),
      ...(examples ? [examples] : []),
    ]
    return said.length === 0 ? undefined : said.join('\n')
  },
}

async function pages(): Promise<string[]> {
  const below = await readdir(join(root, 'docs'), { recursive: true }).catch(() => [])
  return ['README.md', ...below.filter((file) => file.endsWith('.md')).map((file) => join('docs', file))]
}

/** The `ts` blocks of a page. */
export function blocksOf(page: string, text: string): Block[] {
  return [...text.matchAll(/^([ \t]*)```(?:ts|typescript)[ \t]*\r?\n([\s\S]*?)^\1```/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    code: match[2] ?? '',
  }))
}

/** What the compiler says about blocks, with page and line; undefined when it has nothing to say. */
export async function compileBlocks(blocks: readonly Block[]): Promise<string | undefined> {
  if (blocks.length === 0) return undefined
  const folder = await mkdtemp(join(root, folderPrefix))
  try {
    return await compile(folder, blocks)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const fileName = (index: number): string => `block-${index}.ts`

async function compile(folder: string, blocks: readonly Block[]): Promise<string | undefined> {
  const tsconfig = {
    extends: '../tsconfig.json',
    compilerOptions: {
      // `./enrichment` is the file as it comes, whatever a user has made of config/.
      rootDirs: ['../sample-config', '.'],
      customConditions: ['sample-config'],
      paths: { 'aem-asset-bridge/*': ['../*'] },
      // An example shows what can be written, and needs no one to read it.
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    // Named one by one: a pattern passes over folders whose name begins with a dot.
    files: blocks.map((_, index) => fileName(index)),
    include: ['../types'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
  await Promise.all(blocks.map(({ code }, index) => writeFile(join(folder, fileName(index)), code)))
  const { code, output } = await runScript('typescript/bin/tsc', [
    '--noEmit',
    '--pretty',
    'false',
    '-p',
    folder,
  ])
  return code === 0 ? undefined : atPages(output, blocks)
}

/** The compiler's messages, with page and line instead of the file of the block. */
function atPages(output: string, blocks: readonly Block[]): string {
  return output.replaceAll(
    /(?:^|(?<=\n))\S*block-(\d+)\.ts\((\d+),\d+\)/g,
    (place, index: string, line: string) => {
      const block = blocks[Number(index)]
      return block === undefined ? place : `${block.page}:${block.line + Number(line)}`
    },
  )
}
