import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { systemicError } from '../../core/errors'
import { shown } from '../../core/shown'
import type { StreamedResponse } from '../../http/stream'
import { isEncoded } from './content-range'

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/**
 * The bytes of the file in an answer. A proxy may have compressed them, although the request asked for none; they are
 * then decompressed. If the body as sent has the size of the file, only the header is wrong, as with a `.gz` file
 * that a server takes for an encoded one.
 * @throws {BridgeError} systemic, `AEM_ENCODED`, for an encoding that was not requested and that Node does not know
 */
export function decodedBody({ headers, body }: StreamedResponse, fileSize: number | undefined): Readable {
  if (!isEncoded(headers) || isFileItself(headers, fileSize)) return body
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
  if (decoder === undefined) {
    throw systemicError(
      'AEM_ENCODED',
      `a file came with the content encoding ${shown(encoding, 40)}, although none was asked for: check what stands between this app and AEM`,
      { upstream: 'AEM' },
    )
  }
  // An error is passed to the decoder, and so to its reader.
  return pipeline(body, decoder(), () => undefined)
}

const isFileItself = (headers: ReadonlyMap<string, string>, fileSize: number | undefined): boolean =>
  fileSize !== undefined && headers.get('content-length') === String(fileSize)
