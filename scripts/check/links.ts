import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import GithubSlugger from 'github-slugger'
import { lexer, type Token, walkTokens } from 'marked'
import { root } from '../command'
import type { Step } from './step'

/** A page, as it is seen by links. */
export type Page = { links: readonly string[]; anchors: ReadonlySet<string> }

/** Every link between the pages of the repository leads to a file that is there, and to a heading that it has. */
export const links: Step = {
  name: 'links',
  run: async () => {
    const pages = new Map<string, Page>()
    for (const file of await markdownFiles())
      pages.set(file, pageOf(await readFile(join(root, file), 'utf8')))
    const wrong: string[] = []
    for (const [file, { links: targets }] of pages) {
      for (const target of targets) {
        const problem = await problemOf(file, target, pages)
        if (problem !== undefined) wrong.push(`${file}: ${target} ${problem}`)
      }
    }
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

async function markdownFiles(): Promise<string[]> {
  const top = (await readdir(root)).filter((file) => file.endsWith('.md'))
  const folders = await Promise.all(
    ['docs', 'bench'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true }))
        .filter((file) => file.endsWith('.md'))
        .map((file) => join(folder, file)),
    ),
  )
  return [...top, ...folders.flat()].sort()
}

/** The links of a page that are not in a block of code, and the anchors that GitHub gives its headings. */
export function pageOf(markdown: string): Page {
  const slugger = new GithubSlugger()
  const found: string[] = []
  const anchors = new Set<string>()
  walkTokens(lexer(markdown), (token) => {
    if (token.type === 'link' || token.type === 'image') found.push(token.href)
    if (token.type === 'heading') anchors.add(slugger.slug(textOf(token)))
    if (token.type === 'html') {
      for (const [, name = ''] of String(token.raw).matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(name)
      for (const [, href = ''] of String(token.raw).matchAll(/(?:src|href)="([^"]+)"/g)) found.push(href)
    }
  })
  return { links: found, anchors }
}

/** What a heading says, without its marks. */
function textOf(token: Token): string {
  if ('tokens' in token && token.tokens !== undefined) return token.tokens.map(textOf).join('')
  return 'text' in token ? String(token.text) : ''
}

async function problemOf(
  from: string,
  target: string,
  pages: ReadonlyMap<string, Page>,
): Promise<string | undefined> {
  if (/^[a-z]+:/i.test(target)) return undefined
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? from : normalize(join(dirname(from), decodeURIComponent(path)))
  const isThere = await stat(join(root, file)).then(
    () => true,
    () => false,
  )
  if (!isThere) return 'leads to no file'
  if (anchor === undefined) return undefined
  return pages.get(file)?.anchors.has(anchor) ? undefined : 'leads to no heading'
}
