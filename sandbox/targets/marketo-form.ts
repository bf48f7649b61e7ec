import { open } from 'node:fs/promises'

/** The file in a form: where its bytes stand in the body that was kept. */
export type FormFile = { path: string; start: number; size: number; mimeType: string }

/** A form with one file, or why it is refused. */
export type Form =
  | { fields: Readonly<Record<string, string>>; file: FormFile }
  | { code: string; message: string }

const headBytes = 64 * 1024

/**
 * Reads a body of type `multipart/form-data` (RFC 7578) from the disk. The part `file` comes last, and needs a file name
 * and a Content-Type of its own; a text has neither.
 */
export async function readForm(path: string, contentType: string): Promise<Form> {
  const boundary = /^multipart\/form-data; boundary=([\w'()+,./:=?-]{1,70})$/.exec(contentType)?.[1]
  if (boundary === undefined) return { code: '612', message: 'Invalid Content Type' }
  const { head, tail, length } = await ends(path, Buffer.byteLength(boundary) + 8)
  const fields: Record<string, string> = {}
  const opening = `--${boundary}\r\n`
  for (let at = 0; ; ) {
    if (head.toString('latin1', at, at + opening.length) !== opening) return malformed('no boundary')
    const from = at + opening.length
    const end = head.indexOf('\r\n\r\n', from)
    if (end < 0) return malformed('a part without a head')
    const headers = partHeaders(head.toString('utf8', from, end))
    const { name, filename, mimeType } = headers
    if (name === undefined || name in fields)
      return malformed('a part without a name, or one that is there twice')
    const start = end + 4
    if (name === 'file') {
      if (!filename) return { code: '701', message: 'file name cannot be blank' }
      if (mimeType === undefined) return { code: '612', message: 'Invalid Content Type of the file' }
      if (tail !== `\r\n--${boundary}--\r\n`) return malformed('the end is missing')
      return { fields, file: { path, start, size: length - start - tail.length, mimeType } }
    }
    if (filename !== undefined || mimeType !== undefined)
      return malformed('a text with a file name or a type')
    const next = head.indexOf(`\r\n--${boundary}`, start)
    if (next < 0) return { code: '701', message: 'file cannot be blank' }
    fields[name] = head.toString('utf8', start, next)
    at = next + 2
    if (head.toString('latin1', at + opening.length - 2, at + opening.length) === '--')
      return { code: '701', message: 'file cannot be blank' }
  }
}

/** In quotes, a backslash stands before a character that is meant as it is (RFC 9110): `filename="a\"` has no end. */
function partHeaders(text: string): { name?: string; filename?: string; mimeType?: string } {
  const disposition = /^content-disposition: form-data; (.*)$/im.exec(text)?.[1]?.trim() ?? ''
  const name = /(?:^|; )name="([^"]*)"/.exec(disposition)?.[1]
  const filename = /(?:^|; )filename="((?:[^"\\]|\\.)*)"(?=$|;)/.exec(disposition)?.[1]
  const mimeType = /^content-type: ([\w.+-]+\/[\w.+-]+)/im.exec(text)?.[1]
  return {
    ...(name === undefined ? {} : { name }),
    ...(filename === undefined ? {} : { filename }),
    ...(mimeType === undefined ? {} : { mimeType }),
  }
}

async function ends(
  path: string,
  tailBytes: number,
): Promise<{ head: Buffer; tail: string; length: number }> {
  const file = await open(path)
  try {
    const { size: length } = await file.stat()
    const head = Buffer.alloc(Math.min(headBytes, length))
    await file.read(head, 0, head.length, 0)
    const tail = Buffer.alloc(Math.min(tailBytes, length))
    await file.read(tail, 0, tail.length, length - tail.length)
    return { head, tail: tail.toString('latin1'), length }
  } finally {
    await file.close()
  }
}

const malformed = (why: string): { code: string; message: string } => ({
  code: '609',
  message: `Malformed form: ${why}`,
})
