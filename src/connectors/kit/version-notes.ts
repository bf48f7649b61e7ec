import type { CallContext } from '../../core/call-context'
import { isRecord, nonEmptyString, parseJson } from '../../core/json'
import type { AssetBinary } from '../../plugin/destination'
import type { FileFacts, FileTree } from './file-tree'
import type { OwnNames } from './hidden-names'
import { oneChunk } from './one-chunk'
import { changedMeanwhile, isRefused, unlessRefused } from './tree-refusal'

/** What became of the note of the file before: none is there, an empty one, or it could not be touched. */
export type NoteState = 'gone' | 'emptied' | 'stays'

/** A published file, and how its note was left before. */
export type Published = { file: FileFacts; note: NoteState }

/**
 * The notes of which version a file is: each stands in a file of the app's own beside it, with the stamp of the very file
 * that it belongs to, and counts only while the two agree.
 */
export type VersionNotes = {
  /** The text of a note; undefined when there is none, or it may not be read. */
  read(tree: FileTree, path: string, signal: AbortSignal): Promise<string | undefined>
  /**
   * Makes sure that the note which is there says nothing of the next file.
   * @param written undefined when the file is written in place: then its stamp is not known yet
   * @throws {BridgeError} transient, `DESTINATION_CHANGED`, when it can be neither removed nor replaced and may fit
   */
  clear(tree: FileTree, path: string, written: FileFacts | undefined, signal: AbortSignal): Promise<NoteState>
  /** Notes the version of a published file. What the tree refuses is told once, and leaves the version unknown. */
  write(
    tree: FileTree,
    path: string,
    source: AssetBinary,
    published: Published,
    call: CallContext,
  ): Promise<void>
}

const finishMs = 10_000
const unknownVersion = '{}\n'

export function createVersionNotes(names: OwnNames): VersionNotes {
  let warned = false

  return { read, clear, write }

  function read(tree: FileTree, path: string, signal: AbortSignal): Promise<string | undefined> {
    return unlessRefused(tree.readText(names.version(path), signal))
  }

  async function clear(
    tree: FileTree,
    path: string,
    written: FileFacts | undefined,
    signal: AbortSignal,
  ): Promise<NoteState> {
    const note = names.version(path)
    try {
      await tree.remove(note, signal)
      return 'gone'
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown
    }
    try {
      await tree.writeOver(note, oneChunk(unknownVersion), signal)
      return 'emptied'
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown
    }
    // The old note stays, and must not fit the new file by chance.
    const text = await read(tree, path, signal)
    if (text !== undefined && (written === undefined || versionOf(text, written) !== undefined))
      throw changedMeanwhile(path)
    return 'stays'
  }

  async function write(
    tree: FileTree,
    path: string,
    { version, asset }: AssetBinary,
    { file, note: state }: Published,
    { logger }: CallContext,
  ): Promise<void> {
    const signal = AbortSignal.timeout(finishMs)
    const note = names.version(path)
    const text = `${JSON.stringify({ version, file: file.stamp, asset: asset?.id })}\n`
    try {
      if (state === 'stays') return
      if (state === 'emptied') {
        // Who wrote in between has noted something else.
        const isOurs = (await tree.readText(note, signal)) === unknownVersion
        await tree.writeOver(note, oneChunk(isOurs ? text : unknownVersion), signal)
        return
      }
      if (await tree.writeText(note, text, signal)) return
      // Another process published at the same time, and it is unknown which file remains: no version is better than a
      // wrong one. The empty note stays, so that a third process that is late finds it, too, and writes no wrong version.
      do {
        signal.throwIfAborted()
        await tree.remove(note, signal)
      } while (!(await tree.writeText(note, unknownVersion, signal)))
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown
      // The file has arrived.
      if (!warned) logger.warn(`the version of a file could not be noted: ${thrown.message}`)
      warned = true
    }
  }
}

/** What a note tells of this very file. */
export function notedOf(
  text: string | undefined,
  file: FileFacts,
): { version: string; assetId: string | undefined } | undefined {
  const note = text === undefined ? undefined : parseJson(text)
  if (!isRecord(note) || typeof note.version !== 'string' || note.file !== file.stamp) return undefined
  return { version: note.version, assetId: nonEmptyString(note.asset) }
}

/** The version that a note tells of this very file. */
export const versionOf = (text: string | undefined, file: FileFacts): string | undefined =>
  notedOf(text, file)?.version
