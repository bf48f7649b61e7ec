import { createWriteStream } from 'node:fs'
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A file of a form, as it lies on the disk within the form. */
export type UploadedFile = {
  name: string
  mediaType: string
  size: number
  read(): Promise<Buffer>
}

/** A form that arrived whole, or why it is none. */
export type Form =
  | { fields: Record<string, string>; file: UploadedFile }
  | { status: number; problem: string }

/** Where forms go while they arrive: on the disk, whatever their size. */
export type Uploads = {
  receive(incoming: IncomingMessage): Promise<Form>
  close(): Promise<void>
}

const headRoom = 64 * 1024
const notMultipart: Form = {
  status: 415,
  problem: 'The “Content-Type” header has to be “multipart/form-data” with a boundary.',
}
const broken = (problem: string): Form => ({ status: 422, problem })

const boundaryOf = ({ 'content-type': type = '' }: IncomingHttpHeaders): string | undefined =>
  /^multipart\/form-data; *boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?$/.exec(type)?.[1]

/** Receives forms with text fields first and one file, called `file`, last; of exactly the length they announced. */
export const createUploads = async (maxBytes: () => number): Promise<Uploads> => {
  const folder = await mkdtemp(join(tmpdir(), 'akeneo-uploads-'))
  let received = 0

  const receive = async (incoming: IncomingMessage): Promise<Form> => {
    const path = join(folder, String(++received))
    await pipeline(incoming, createWriteStream(path))
    const { size } = await stat(path)
    const boundary = boundaryOf(incoming.headers)
    if (boundary === undefined) return notMultipart
    const announced = incoming.headers['content-length']
    if (announced === undefined) return { status: 411, problem: 'Length Required' }
    if (size > maxBytes()) return { status: 413, problem: 'Request Entity Too Large' }
    return parse(path, size, boundary)
  }

  return { receive, close: () => rm(folder, { recursive: true, force: true }) }
}

const parse = async (path: string, size: number, boundary: string): Promise<Form> => {
  const handle = await open(path)
  try {
    const head = Buffer.alloc(Math.min(headRoom, size))
    await handle.read(head, 0, head.length, 0)
    const end = Buffer.from(`\r\n--${boundary}--\r\n`)
    const tail = Buffer.alloc(Math.min(end.length, size))
    await handle.read(tail, 0, tail.length, size - tail.length)
    if (!tail.equals(end)) return broken('The form does not end with its boundary.')
    return parts(head, boundary, { path, end: size - end.length })
  } finally {
    await handle.close()
  }
}

const parts = (head: Buffer, boundary: string, { path, end }: { path: string; end: number }): Form => {
  const fields: Record<string, string> = {}
  const mark = `--${boundary}\r\n`
  for (let at = 0; ; ) {
    if (head.toString('latin1', at, at + mark.length) !== mark)
      return broken('A part of the form has no boundary.')
    const headersEnd = head.indexOf('\r\n\r\n', at)
    if (headersEnd < 0) return broken('A part of the form has no headers.')
    const headers = head.toString('utf8', at + mark.length, headersEnd)
    const disposition =
      /^content-disposition: form-data; name="([^"]*)"(?:; filename="((?:[^"\\]|\\.)*)")?$/im.exec(headers)
    const [, name, filename] = disposition ?? []
    const start = headersEnd + 4
    if (name === undefined) return broken('A part of the form has no name.')
    if (name === 'file') {
      if (!filename) return broken('The file has no name.')
      const mediaType = /^content-type: (.+)$/im.exec(headers)?.[1] ?? 'application/octet-stream'
      const read = async (): Promise<Buffer> => (await readFile(path)).subarray(start, end)
      return { fields, file: { name: filename, mediaType, size: end - start, read } }
    }
    const next = head.indexOf(`\r\n${mark}`, start)
    if (next < 0) return broken('Property "file" is required.')
    fields[name] = head.toString('utf8', start, next)
    at = next + 2
  }
}
