import { execFileSync } from 'node:child_process'
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Texts by path; undefined removes a file. */
type Texts = Readonly<Record<string, string | undefined>>

/** A company's checkout, made from the first release of an app. */
export type Company = {
  /** Of the app: where releases are. */
  upstream: string
  root: string
  git(...args: readonly string[]): string
  read(file: string): Promise<string>
  write(texts: Texts): Promise<void>
  commit(texts: Texts): Promise<void>
  /** Tags what the app has from now on as a release, as docs/releasing.md says. */
  release(tag: string, texts: Texts): Promise<void>
  /** Another one just like it, in a folder of its own. */
  copy(): Promise<Company>
  close(): Promise<void>
}

/** `config/` as 0.1.0 has it, with a mapping, a matcher and a destination's key of the company's own. */
export const oldConfig = {
  'config/enrichment.ts': `import { defineEnrichment } from '../src/enrichment'
import { everyAttribute, type MappingContext } from '../src/metadata/mapping'
import { fromFileName, fromPath, fromProperty } from '../src/metadata/matching'
import { akeneoPim } from '../src/pim/akeneo'
import { mockPim } from '../src/pim/mock'

const linkProperty = 'acme-sku'

const title = ({ products }: MappingContext) => products[0]?.identifier ?? 'no product'

export default defineEnrichment({
  communicators: { mock: mockPim(), akeneo: akeneoPim() },
  linkProperty,
  matching: [fromProperty(linkProperty), fromPath(/products\\/([^/]+)\\//), fromFileName()],
  mapping: [everyAttribute('acme-'), { property: 'dc:title', compute: title }],
})
`,
  'config/destinations.ts': `import { bySku } from '../src/destinations/key'
import { folder } from '../src/destinations/folder'
import { s3 } from '../src/destinations/s3'
import { defineDestinations } from '../src/exports'

export default defineDestinations({
  destinations: { folder: folder(), s3: s3() },
  key: bySku('acme-sku'),
  renditions: [],
  sidecar: false,
  onUnpublish: 'keep',
  onDelete: 'keep',
})
`,
}

/** The same, as the version after it has it. */
export const movedConfig = {
  'config/enrichment.ts': oldConfig['config/enrichment.ts'].replace(
    /^import[\s\S]*?\n\n/,
    `import {
  defineEnrichment,
  everyAttribute,
  fromFileName,
  fromPath,
  fromProperty,
  type MappingContext,
} from '../src/plugin/enrichment'
import { akeneoPim } from '../src/connectors/akeneo/pim'
import { mockPim } from '../src/connectors/mock/pim'

`,
  ),
}

/** Makes a repository with the release `v0.1.0`, and a company's clone of it. */
export async function createCompany(first: Texts): Promise<Company> {
  const folder = await mkdtemp(join(tmpdir(), 'upgrade-'))
  const company = companyIn(folder)
  await mkdir(company.upstream)
  runGit(company.upstream, 'init', '--quiet')
  await named(company.upstream)
  await commitIn(company.upstream, 'v0.1.0', first)
  runGit(company.upstream, 'tag', 'v0.1.0')
  // Relative, so that a copy has its own one.
  runGit(folder, 'clone', '--quiet', '--no-tags', '--origin', 'upstream', company.upstream, company.root)
  runGit(company.root, 'remote', 'set-url', 'upstream', '../upstream')
  await named(company.root)
  return company
}

function companyIn(folder: string): Company {
  const [upstream, root] = [join(folder, 'upstream'), join(folder, 'company')]
  return {
    upstream,
    root,
    async release(tag, texts) {
      await commitIn(upstream, tag, texts)
      runGit(upstream, 'tag', '-a', '-m', tag, tag)
    },
    git: (...args) => runGit(root, ...args),
    read: (file) => readFile(join(root, file), 'utf8'),
    write: (texts) => writeTexts(root, texts),
    commit: (texts) => commitIn(root, 'ours', texts),
    async copy() {
      const other = await mkdtemp(join(tmpdir(), 'upgrade-'))
      await cp(folder, other, { recursive: true })
      return companyIn(other)
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

async function commitIn(cwd: string, message: string, texts: Texts): Promise<void> {
  await writeTexts(cwd, texts)
  runGit(cwd, 'add', '--all')
  runGit(cwd, 'commit', '--quiet', '--allow-empty', '-m', message)
}

const runGit = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' })

const named = (cwd: string): Promise<void> =>
  appendFile(
    join(cwd, '.git/config'),
    '[user]\n\tname = Test\n\temail = test@example.com\n[commit]\n\tgpgsign = false\n[core]\n\tfsync = none\n',
  )

async function writeTexts(folder: string, texts: Texts): Promise<void> {
  for (const [file, text] of Object.entries(texts)) {
    const path = join(folder, file)
    await mkdir(dirname(path), { recursive: true })
    await (text === undefined ? rm(path) : writeFile(path, text))
  }
}
