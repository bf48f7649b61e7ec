import type { CallContext } from '../../core/call-context'
import { type BridgeError, transientError } from '../../core/errors'
import type { CheckReport, Finding } from '../../plugin/check'
import { goesOn, runCheck, type Step } from './check'
import type { CheckRules, Subject } from './check-step'
import type { FileTree } from './file-tree'
import { type OwnNames, ownNames } from './hidden-names'
import { oneChunk } from './one-chunk'

/** Gives a tree to a piece of work, and takes it back. */
export type UseTree = <T>(call: CallContext, work: (tree: FileTree) => Promise<T>) => Promise<T>

/** What is particular about a tree. */
export type TreeCheckRules = Omit<CheckRules, 'subjectOf'> & {
  /** The input that names the root: `SFTP_URL`. */
  root: string
  /** It has to be logged in to. @default false */
  logsIn?: boolean
  /** Each file is told of by another one. @default false */
  hasTrigger?: boolean
  /** What the app's own files are called. @default hidden names */
  names?: OwnNames
  /** Nothing is renamed. @default false */
  inPlace?: boolean
}

const name = 'bridge-check'
const text = 'A check of aem-asset-bridge. It may be removed.\n'

/**
 * Checks a tree, in its root, with hidden files that are named as temporary ones are: what a killed process leaves
 * behind is cleared away with those.
 */
export function checkTree(use: UseTree, rules: TreeCheckRules, call: CallContext): Promise<CheckReport> {
  const { root, logsIn = false, hasTrigger = false, names = ownNames('hidden'), inPlace = false } = rules
  const [first, second, third] = [names.temporary(name), names.temporary(name), names.temporary(name)]
  /** What an earlier check could not remove. */
  let leftover: string | undefined
  const { signal } = call
  /** Those that are there, or may be. */
  const left = new Set<string>()
  let isWritten = false
  /** Nothing may be removed: there is no use in trying again. */
  let isStuck = false
  const on = (work: (tree: FileTree) => Promise<unknown>): (() => Promise<unknown>) => {
    return () => use(call, work)
  }
  const inRoot = (right: string): string => `let the user ${right} in the folder of ${root}`

  return runCheck(
    { ...rules, subjectOf },
    call,
    async ({ step, skip }) => {
      if (hasTrigger) skip('Write a trigger file.', 'A receiver would begin to work.')
      if (logsIn) {
        const about = { what: 'Log in.', right: 'login' } as const
        if (
          !(
            await step(
              about,
              on(async () => undefined),
            )
          ).ok
        )
          return
      }
      const rooted = await step(
        { what: 'Find the root, or create it.', right: 'write', remedy: inRoot('create folders') },
        on((tree) => tree.makeFolder('', signal)),
      )
      if (!rooted.ok) return
      const listed = await step(
        { what: 'List the files of the root.', right: 'list', remedy: inRoot('list files') },
        on(async (tree) => {
          for await (const one of tree.list('', signal)) {
            if (one.name.includes(name) && names.isTemporary(one.name)) leftover = one.name
          }
        }),
      )
      if (!goesOn(listed)) return
      if (leftover !== undefined) {
        left.add(leftover)
        isWritten = true
        // What cannot be removed is not added to.
        if (!(await removeLeft(step, call)).ok) return
      }
      const written = await step(
        { what: `Write the hidden file ${first}.`, right: 'write', remedy: inRoot('create files') },
        on((tree) => write(tree, first)),
      )
      isWritten = written.ok
      if (!isWritten) return
      const read = await step(
        { what: 'Read it back.', right: 'read', remedy: inRoot('read files') },
        on(async (tree) => {
          if ((await tree.readText(first, signal)) !== text) throw differs()
        }),
      )
      if (!goesOn(read)) return
      if (inPlace) {
        skip('Rename a file.', 'The option inPlace says that nothing is renamed.')
        return
      }
      const about = { right: 'rename', remedy: inRoot('rename files') } as const
      const renamed = await step(
        { what: 'Rename it to a name that is free.', ...about },
        on(async (tree) => {
          left.add(second)
          if (!(await tree.place(first, second, signal))) throw differs()
          left.delete(first)
        }),
      )
      // What cannot be removed is not added to.
      if (!renamed.ok || !(await removeLeft(step, call)).ok) return
      await step(
        { what: 'Rename a file over another one.', ...about },
        on(async (tree) => {
          await write(tree, second)
          await write(tree, third)
          await tree.replace(third, second, signal)
          left.delete(third)
        }),
      )
    },
    async ({ step }, own) => {
      if (left.size > 0 && !isStuck) await removeLeft(step, own)
    },
  )

  async function removeLeft(step: Step, own: CallContext): Promise<Finding> {
    const names = [...left].join(' and ')
    const remedy = `${inRoot('delete files')}, and remove ${names} by hand`
    const about = isWritten
      ? ({ what: `Remove ${names} again.`, right: 'delete', remedy } as const)
      : { what: 'Remove what may have been left by the write that failed.' }
    const removed = await step(about, () =>
      use(own, async (tree) => {
        for (const path of [...left]) {
          await tree.remove(path, own.signal)
          left.delete(path)
        }
      }),
    )
    isStuck = !removed.ok && goesOn(removed)
    return removed
  }

  async function write(tree: FileTree, path: string): Promise<void> {
    left.add(path)
    await tree.writeNew(path, oneChunk(Buffer.from(text)), signal)
  }
}

/** What trees say of a refusal: the system's code, or the status of SFTP. */
const denied = /\b(EACCES|EPERM|EROFS|status 3)\b/

function subjectOf({ code, message }: BridgeError): Subject {
  if (code.endsWith('_UNAUTHORIZED')) return 'login'
  return denied.test(message) ? 'right' : 'other'
}

const differs = (): BridgeError =>
  transientError('CHECK_READ_DIFFERS', 'the file that was written is another one by now, or gone')
