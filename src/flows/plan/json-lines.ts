import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import * as v from 'valibot'
import { type BridgeError, permanentError } from '../../core/errors'
import { messageOf, shown } from '../../core/shown'

/** A file of JSON Lines (one JSON document a line, UTF-8): what it is, for messages, and where. */
export type LinesFile = { what: 'plan' | 'report'; path: string }

/** One line as it stands in a file. */
export type Line = {
  text: string
  /** From 1. */
  number: number
  /** Where it begins and where the next one does, in bytes. */
  start: number
  end: number
  /** A line feed ends it. The last line of a file whose writer was killed has none. */
  isEnded: boolean
}

/** Longer lines are not read: a file of something else has no line feed for gigabytes. */
const maxLineBytes = 4 * 1024 * 1024

const invalid = (what: LinesFile['what'], message: string): BridgeError =>
  what === 'plan' ? permanentError('PLAN_INVALID', message) : permanentError('REPORT_INVALID', message)

/** What is wrong with a file as a whole: permanent, `PLAN_INVALID` or `REPORT_INVALID`. */
export const fileProblem = ({ what, path }: LinesFile, problem: string): Error =>
  invalid(what, `${shown(path, 300)} is no ${what} that can be used: ${problem}`)

const lineFeed = 10

/**
 * The lines of a file, or of a part of it that begins at the start of a line; empty lines are left out.
 * @param from.number of the first line @default 1
 * @throws {BridgeError} permanent, when the file cannot be read, a line is too long, or it is no UTF-8
 */
export async function* linesOf(
  file: LinesFile,
  from: { start: number; end: number; number: number } = {
    start: 0,
    end: Number.POSITIVE_INFINITY,
    number: 1,
  },
): AsyncGenerator<Line> {
  let { start, number } = from
  let parts: Buffer[] = []
  let held = 0
  const line = (isEnded: boolean): Line | undefined => {
    const bytes = Buffer.concat(parts)
    const one = { number, start, end: start + held, isEnded }
    parts = []
    held = 0
    start = one.end
    number += 1
    const text = decoded(file, bytes, one.number)
    return text.trim() === '' ? undefined : { text, ...one }
  }
  if (from.end <= from.start) return
  for await (const chunk of bytesOf(file, from)) {
    let rest = chunk
    while (rest.length > 0) {
      const at = rest.indexOf(lineFeed)
      const piece = at === -1 ? rest : rest.subarray(0, at + 1)
      rest = rest.subarray(piece.length)
      parts.push(piece)
      held += piece.length
      if (held > maxLineBytes) throw fileProblem(file, `line ${number} has more than ${maxLineBytes} bytes`)
      if (at === -1) continue
      const whole = line(true)
      if (whole !== undefined) yield whole
    }
  }
  const last = held === 0 ? undefined : line(false)
  if (last !== undefined) yield last
}

async function* bytesOf(
  file: LinesFile,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Buffer> {
  // The end of a stream is its last byte.
  const stream = createReadStream(file.path, { start, end: end - 1 })
  try {
    for await (const chunk of stream) if (Buffer.isBuffer(chunk)) yield chunk
  } catch (thrown) {
    throw fileProblem(file, `it cannot be read (${messageOf(thrown)})`)
  }
}

function decoded(file: LinesFile, bytes: Buffer, number: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw fileProblem(file, `line ${number} is not UTF-8`)
  }
}

/**
 * Reads one line as what it should be.
 * @throws {BridgeError} permanent, `PLAN_INVALID` or `REPORT_INVALID`, naming the line and what is wrong with it
 */
export function parseLine<T>(
  file: LinesFile,
  { text, number }: Line,
  schema: v.GenericSchema<unknown, T>,
): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw fileProblem(file, `line ${number} is not JSON`)
  }
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const at = v.getDotPath(issue)
  // A rule of our own says itself what is wrong.
  const wrong = ['check', 'custom'].includes(issue.type)
    ? issue.message
    : `expected ${issue.expected ?? 'another value'}, found ${shown(issue.received)}`
  throw fileProblem(file, `line ${number}${at === null ? '' : `, ${shown(at)}`}: ${wrong}`)
}

/** Whether a line is what was being written when its writer was killed. */
export function isHalf({ text, isEnded }: Line): boolean {
  if (isEnded) return false
  try {
    JSON.parse(text)
    return false
  } catch {
    return true
  }
}

/** Writes lines one after the other. */
export type LineWriter = {
  /**
   * Writes a line; it is with the operating system once this resolves, so that a kill loses nothing.
   * @throws {BridgeError} permanent, for a line that could not be read again; what the file system fails with
   */
  write(value: unknown): Promise<void>
  /** Ends the file. */
  close(): Promise<void>
}

function writerTo(file: LinesFile, handle: FileHandle): LineWriter {
  let last: Promise<void> = Promise.resolve()
  return {
    write(value) {
      const text = `${JSON.stringify(value)}\n`
      if (Buffer.byteLength(text) > maxLineBytes) {
        return Promise.reject(
          invalid(
            file.what,
            `the ${file.what} takes no line of more than ${maxLineBytes} bytes: the values of one asset are larger`,
          ),
        )
      }
      // One after the other, for a write may be done in parts. After a failure nothing more is written.
      last = last.then(() => handle.appendFile(text))
      return last
    },
    close: () => handle.close(),
  }
}

/**
 * Opens a file to write lines behind those that it has. Half a line at its end is cut off: its writer was killed.
 */
export async function appendTo(file: LinesFile): Promise<LineWriter> {
  const handle = await open(file.path, 'a+').catch((thrown) => {
    throw fileProblem(file, `it cannot be written (${messageOf(thrown)})`)
  })
  try {
    const { size } = await handle.stat()
    const end = await endOfLines(handle, size)
    if (end < size) await handle.truncate(end)
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
  return writerTo(file, handle)
}

/** Where the last whole line ends. */
async function endOfLines(handle: FileHandle, size: number): Promise<number> {
  const step = 64 * 1024
  for (let end = size; end > 0; end -= step) {
    const start = Math.max(0, end - step)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start)
    const at = buffer.subarray(0, bytesRead).lastIndexOf(lineFeed)
    if (at !== -1) return start + at + 1
  }
  return 0
}

/** A file that appears under its name once it is whole. */
export async function writeWhole(file: LinesFile): Promise<LineWriter & { discard(): Promise<void> }> {
  const part = `${file.path}.part`
  const handle = await open(part, 'w').catch((thrown) => {
    throw invalid(file.what, `${shown(file.path, 300)} cannot be written: ${messageOf(thrown)}`)
  })
  const writer = writerTo(file, handle)
  return {
    write: writer.write,
    async close() {
      await handle.sync()
      await handle.close()
      await rename(part, file.path)
    },
    async discard() {
      await handle.close()
      await rm(part, { force: true })
    },
  }
}
