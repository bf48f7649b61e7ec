import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../../scripts/command'

/** A line of an `sh` block, whole: what a backslash continues is joined. */
export type DocLine = { page: string; command: string }

/** What runs where these pages are tried, and so needs the sandbox. */
export const runsOnSandbox = ({ command }: DocLine): boolean =>
  /^(curl|eval|export|npx bridge) /.test(command)

/** Of other makers, or of the shell: not ours to try. */
const foreign = /^(apt-get|az|aws|cp|git|openssl|ssh-keygen|ssh-keyscan|base64) /

/** The lines of all `sh` blocks in README.md and docs/, page by page. */
export async function docLines(): Promise<DocLine[]> {
  const below = await readdir(join(root, 'docs'), { recursive: true })
  const pages = ['README.md', ...below.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)]
  const texts = await Promise.all(
    pages.sort().map(async (page) => [page, await readFile(join(root, page), 'utf8')] as const),
  )
  return texts.flatMap(([page, text]) =>
    [...text.matchAll(/^[ \t]*```sh[ \t]*\n([\s\S]*?)^[ \t]*```/gm)].flatMap(([, block = '']) =>
      block
        .replace(/\\\n\s*/g, '')
        .split('\n')
        .map((line) =>
          line
            .replace(/\s+#.*$/, '')
            .replace(/^\s*sudo /, '')
            .trim(),
        )
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((command) => ({ page, command })),
    ),
  )
}

export type Known = {
  inputs: ReadonlySet<string>
  scripts: ReadonlySet<string>
  aio: (words: readonly string[], flags: readonly string[]) => string | undefined
}

/** Why a line that the sandbox has no part in cannot be right; undefined when it can. */
export function problemOf(command: string, known: Known): string | undefined {
  if (foreign.test(command)) return undefined
  const input = /^([A-Z][A-Z0-9_]*)=/.exec(command)?.[1]
  if (input !== undefined) return known.inputs.has(input) ? undefined : `${input} is no input`
  const problems = command.split(' && ').map((part) => {
    const [program = '', first = '', ...rest] = part.split(/\s+/)
    const words = [first, ...rest]
    if (program === 'npm') {
      const script = first === 'run' ? rest.find((word) => !word.startsWith('-')) : first
      return ['ci', 'install', 'audit'].includes(first) || known.scripts.has(script ?? '')
        ? undefined
        : `package.json has no script ${script}`
    }
    if (program === 'npx' && first === 'jest') return undefined
    if (program === 'npx' && first === 'aio') {
      const named = words.slice(1)
      return known.aio(
        named.slice(0, named.findIndex((word) => !/^[a-z][a-z-]*$/.test(word)) >>> 0),
        named.filter((word) => word.startsWith('--')).map((word) => word.replace(/=.*/, '')),
      )
    }
    return `${program} is not known here`
  })
  return problems.find((problem) => problem !== undefined)
}

const topics: Readonly<Record<string, string>> = { rt: 'runtime', login: 'auth/login' }

/** The commands of the installed `aio`, by its plug-ins' files. */
export async function aioCommands(): Promise<Known['aio']> {
  const folder = join(root, 'node_modules/@adobe')
  const plugins = (await readdir(folder)).filter((name) => /^aio-cli(-plugin-|$)/.test(name))
  const files = new Map<string, string>()
  for (const plugin of plugins) {
    const commands = join(folder, plugin, 'src/commands')
    const found = await readdir(commands, { recursive: true }).catch(() => [])
    for (const file of found.filter((name) => name.endsWith('.js'))) {
      const id = file.replace(/(\/index)?\.js$/, '')
      files.set(id, await readFile(join(commands, file), 'utf8'))
    }
  }
  return (words, flags) => {
    const [topic = '', ...rest] = words
    const path = [topics[topic] ?? topic, ...rest]
    while (path.length > 0 && !files.has(path.join('/'))) path.pop()
    const text = files.get(path.join('/'))
    if (text === undefined) return `aio has no command ${words.join(' ')}`
    const strange = flags.find((flag) => !text.includes(flag.slice(2)))
    return strange === undefined ? undefined : `aio ${path.join(' ')} has no ${strange}`
  }
}
