import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../command'

/** The page that tells what is defended, and by which code and test. */
export const securityPage = 'docs/security.md'

const file = /^(?:src|test|scripts|cli|config|sandbox|docs)\/[\w./-]+\.(?:ts|md|yaml)$/

/**
 * What the text of the page names and the repository does not have: a file; a limit, which stands as `name = value` in a
 * cell with the file that has it; the code and the test of a row that is about a defence.
 * @returns one sentence each; empty when all is there
 */
export async function namedInVain(text: string): Promise<readonly string[]> {
  const contents = new Map<string, string | undefined>()
  for (const path of namesIn(text).filter((name) => file.test(name)))
    contents.set(path, await readFile(join(root, path), 'utf8').catch(() => undefined))
  const missing = [...contents].flatMap(([path, content]) =>
    content === undefined ? [`there is no ${path}`] : [],
  )
  const limits = cellsOf(text).flatMap((cell) => {
    const names = namesIn(cell)
    const files = names.filter((name) => file.test(name))
    return names
      .filter((name) => / = /.test(name))
      .filter((limit) => !files.some((path) => says(contents.get(path) ?? '', limit)))
      .map((limit) => `${limit} is not in ${files.join(', ') || 'any file that its cell names'}`)
  })
  return [...missing, ...limits, ...undefended(text)]
}

const namesIn = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, name = '']) => name)

const rowsOf = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('| '))

const cellsOf = (text: string): string[] => rowsOf(text).flatMap((row) => row.split(' | '))

/** Whole: `maxDepth = 64` is not said by `maxDepth = 640`. */
function says(content: string, limit: string): boolean {
  const escaped = limit.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<!\\w)${escaped}(?![\\w*]| \\*)`).test(content)
}

/** The rows of the chapter about boundaries that name no code or no test. */
function undefended(text: string): string[] {
  const chapter = text.split(/^(?=## )/m).find((part) => part.startsWith('## Boundaries\n')) ?? ''
  return rowsOf(chapter)
    .filter((row) => !/\| test \|$/.test(row))
    .flatMap((row) => {
      const names = namesIn(row)
      const lacks = [
        ...(names.some((name) => /^(src|scripts|cli)\//.test(name)) ? [] : ['code']),
        ...(names.some((name) => /^test\/.*\.test\.ts$/.test(name)) ? [] : ['test']),
      ]
      return lacks.map((what) => `a row names no ${what}: ${row}`)
    })
}
