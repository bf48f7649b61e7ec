import { randomBytes } from 'node:crypto'

/** What comes before and after a file in a body of type `multipart/form-data` (RFC 7578), and that type. */
export type Multipart = { contentType: string; before: Buffer; after: Buffer }

/** Wraps one file, named `file`, with text fields before it. */
export function multipartAround(
  fields: Readonly<Record<string, string>>,
  file: { name: string; mediaType: string },
): Multipart {
  const boundary = `bridge-${randomBytes(18).toString('hex')}`
  const texts = Object.entries(fields).map(
    ([name, value]) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${escaped(name)}"\r\n\r\n${value}\r\n`,
  )
  const head =
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${escaped(file.name)}"\r\n` +
    `content-type: ${file.mediaType}\r\n\r\n`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    before: Buffer.from(texts.join('') + head),
    after: Buffer.from(`\r\n--${boundary}--\r\n`),
  }
}

const plainMediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *;[ -~]*)?$/

/** A media type that is valid in a header; `application/octet-stream` for any other. */
export const mediaTypeOrBytes = (text: string): string =>
  plainMediaType.test(text) ? text : 'application/octet-stream'

/**
 * As browsers do, and the backslash, too: many readers take it for the begin of an escaped character, so at the end of
 * a name it would hide the closing quote.
 */
const escaped = (text: string): string =>
  text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22').replaceAll('\\', '%5C')
