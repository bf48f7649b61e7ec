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
 * The bytes of the file in an answer. Something on the way may have compressed them, although it was asked not to; that
 * is undone, unless the bytes as they came have the file's size: then only the label is wrong, as with a `.gz` that a
 * server takes for the encoding of something else.
 * @throws {BridgeError} systemic, `AEM_ENCODED`, for an encoding that nobody asked for and Node does not know
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
  // An error goes on to the decoder, whose reader hears of it.
  return pipeline(body, decoder(), () => undefined)
}

const isFileItself = (headers: ReadonlyMap<string, string>, fileSize: number | undefined): boolean =>
  fileSize !== undefined && headers.get('content-length') === String(fileSize)
