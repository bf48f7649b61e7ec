import { messageOf } from '../../src/core/shown'
import { CommandError } from '../output'
import { runProcess } from './process'

/** Git in one repository. */
export type Git = {
  /**
   * The output of one command.
   * @throws {CommandError} it failed, with what Git says
   */
  run(args: readonly string[], options?: { input?: string; indexFile?: string }): Promise<string>
  /** The output, or undefined when the command failed. */
  maybe(args: readonly string[]): Promise<string | undefined>
}

/** A file of a tree: its mode and the id of its content, as `100644 <id>`. */
export type TreeFile = string

/** Git in this folder. It speaks English, whatever the terminal does. */
export function openGit(folder: string): Git {
  const git = async (
    args: readonly string[],
    { input, indexFile }: { input?: string; indexFile?: string } = {},
  ) => {
    const env = {
      ...process.env,
      LC_ALL: 'C',
      ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
    }
    try {
      return await runProcess('git', args, { cwd: folder, env, ...(input === undefined ? {} : { input }) })
    } catch (error) {
      throw new CommandError(`git cannot be started in ${folder}: ${messageOf(error)}`)
    }
  }
  return {
    async run(args, options) {
      const { code, stdout, stderr } = await git(args, options)
      if (code === 0) return stdout
      throw new CommandError(`git ${args[0]}: ${withoutLogins(stderr.trim()).replaceAll('\n', ' ')}`)
    },
    async maybe(args) {
      const { code, stdout } = await git(args)
      return code === 0 ? stdout : undefined
    },
  }
}

/** The files of a commit by path. */
export async function filesOf(git: Git, commit: string): Promise<ReadonlyMap<string, TreeFile>> {
  const listed = await git.run(['ls-tree', '-r', '-z', '--full-tree', commit])
  return new Map(
    entriesOf(listed).map((entry) => {
      const [facts = '', path = ''] = splitAt(entry, '\t')
      const [mode = '', , id = ''] = facts.split(' ')
      return [path, `${mode} ${id}`]
    }),
  )
}

/** The text of a file of a tree. */
export const textOf = (git: Git, file: TreeFile): Promise<string> => git.run(['cat-file', 'blob', idOf(file)])

/** Stores a text, with the mode of a plain file. */
export async function storedText(git: Git, text: string): Promise<TreeFile> {
  const id = await git.run(['hash-object', '-w', '--stdin'], { input: text })
  return `100644 ${id.trim()}`
}

export const idOf = (file: TreeFile): string => file.slice(file.indexOf(' ') + 1)

/** The parts of an output whose parts end with a NUL. */
export const entriesOf = (output: string): string[] => output.split('\0').filter((entry) => entry !== '')

const splitAt = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** A URL may hold a token: Git repeats it in its messages. */
export const withoutLogins = (text: string): string => text.replace(/\/\/[^/\s@]{1,2000}@/g, '//***@')
