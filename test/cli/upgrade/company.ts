import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
  /** Tags what the app has from now on as a release. */
  release(tag: string, texts: Texts): Promise<void>
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
  const [upstream, root] = [join(folder, 'upstream'), join(folder, 'company')]
  const runGit = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'commit.gpgsign=false', ...args], { cwd, encoding: 'utf8', stdio: 'pipe' })
  const commitIn = async (cwd: string, message: string, texts: Texts): Promise<void> => {
    await writeTexts(cwd, texts)
    runGit(cwd, 'add', '--all')
    runGit(cwd, 'commit', '--quiet', '--allow-empty', '-m', message)
  }
  const named = (cwd: string): void => {
    runGit(cwd, 'config', 'user.name', 'Test')
    runGit(cwd, 'config', 'user.email', 'test@example.com')
  }
  const release: Company['release'] = async (tag, texts) => {
    await commitIn(upstream, tag, texts)
    runGit(upstream, 'tag', tag)
  }
  await mkdir(upstream)
  runGit(upstream, 'init', '--quiet')
  named(upstream)
  await release('v0.1.0', first)
  runGit(folder, 'clone', '--quiet', '--no-tags', '--origin', 'upstream', upstream, root)
  named(root)
  return {
    upstream,
    root,
    release,
    git: (...args) => runGit(root, ...args),
    read: (file) => readFile(join(root, file), 'utf8'),
    write: (texts) => writeTexts(root, texts),
    commit: (texts) => commitIn(root, 'ours', texts),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

async function writeTexts(folder: string, texts: Texts): Promise<void> {
  for (const [file, text] of Object.entries(texts)) {
    const path = join(folder, file)
    await mkdir(dirname(path), { recursive: true })
    await (text === undefined ? rm(path) : writeFile(path, text))
  }
}
