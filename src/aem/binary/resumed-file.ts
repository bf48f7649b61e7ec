import { Readable } from 'node:stream'
import type { AssetBinary } from '../../core/binary'
import { type CallContext, withSignal } from '../../core/call-context'
import { toBridgeError, transientError } from '../../core/errors'
import { type RetryRules, retry } from '../../http/retry'
import type { StreamedResponse } from '../../http/stream'
import { type BodyPosition, bodyPosition, isEncoded } from './content-range'
import { decodedBody } from './decoded-body'
import { createFileCheck, fileChanged } from './file-check'
import { type Pump, pump } from './pump'
import type { BinarySource } from './source'

const bufferBytes = 256 * 1024

/**
 * A file as one stream that resumes after a broken connection. Length and SHA-1 are checked before the last bytes are
 * passed on. It sends no request before it is read, and reads no further than its buffer.
 */
export function openResumed(
  facts: Pick<AssetBinary, 'size' | 'sha1'>,
  source: BinarySource,
  parts: { rules: RetryRules; idleMs: number },
  call: CallContext,
): Readable {
  call.signal.throwIfAborted()
  const check = createFileCheck(facts)
  const stop = new AbortController()
  const reading = withSignal(call, stop.signal)
  let tag: string | undefined
  let withRanges = true
  let started = false
  let current: Pump | undefined

  const file = new Readable({
    highWaterMark: bufferBytes,
    read() {
      if (started) current?.resume()
      else start()
    },
    destroy(error, done) {
      call.signal.removeEventListener('abort', abort)
      stop.abort(error ?? new Error('the reader has closed this file'))
      done(error)
    },
  })
  call.signal.addEventListener('abort', abort, { once: true })
  return file

  function abort(): void {
    file.destroy(toError(call.signal.reason))
  }

  function start(): void {
    started = true
    readAll().then(
      () => file.push(null),
      (thrown: unknown) => file.destroy(toError(thrown)),
    )
  }

  async function readAll(): Promise<void> {
    let before = 0
    const isProgress = (): boolean => check.size() > before
    await retry({ ...parts.rules, isProgress }, reading, () => {
      before = check.size()
      return readToEnd()
    })
    const last = check.end()
    if (last !== undefined) file.push(last)
  }

  async function readToEnd(): Promise<void> {
    for (;;) {
      const at = check.size()
      if ((at > 0 && at === facts.size) || (await readFrom(at))) return
      if (check.size() === at) throw partOnly()
    }
  }

  async function readFrom(offset: number): Promise<boolean> {
    try {
      return await readOn(offset)
    } catch (thrown) {
      stop.signal.throwIfAborted()
      if (toBridgeError(thrown).code !== 'AEM_NO_SUCH_RANGE' || !withRanges) throw thrown
      // The end was reached, or the file became shorter: a read from the start shows which.
      withRanges = false
      return readOn(offset)
    }
  }

  /**
   * Reads one answer.
   * @returns whether that was all: servers may give less than the rest that was asked for (RFC 9110, section 14.2)
   */
  async function readOn(offset: number): Promise<boolean> {
    const range = offset > 0 && withRanges ? { start: offset } : undefined
    const response = await source.get(range, reading)
    try {
      checkSame(response)
      if (isEncoded(response.headers)) {
        // A position in the file does not apply to its encoded form.
        withRanges = false
        if (response.status === 206) throw encodedPart()
      }
      const { start, total } = positionOf(response, offset)
      let skip = offset - start
      const body = decodedBody(response, facts.size)
      current = pump(body, parts.idleMs, (bytes) => {
        const rest = skip === 0 ? bytes : bytes.subarray(Math.min(skip, bytes.length))
        skip -= bytes.length - rest.length
        const ready = rest.length === 0 ? undefined : check.take(rest)
        return ready === undefined || file.push(ready)
      })
      await current.done
      if (skip > 0) throw fileChanged('is shorter')
      return total === undefined || check.size() >= total
    } finally {
      current = undefined
      response.body.destroy()
    }
  }

  function checkSame({ headers }: StreamedResponse): void {
    const etag = headers.get('etag')
    if (tag !== undefined && etag !== undefined && tag !== etag) throw fileChanged('has another ETag')
    tag ??= etag
  }

  function positionOf(response: StreamedResponse, asked: number): BodyPosition {
    const position = bodyPosition(response, asked)
    if (facts.size !== undefined && position.total !== undefined && position.total !== facts.size)
      throw fileChanged('has another size')
    if (position.start > asked) throw fileChanged('begins elsewhere')
    return position
  }
}

const encodedPart = (): Error =>
  transientError('AEM_CUT', 'a part of a file came compressed and cannot be joined to the rest', {
    upstream: 'AEM',
  })

/** Servers may give less than the rest that was asked for (RFC 9110, section 14.2). */
const partOnly = (): Error =>
  transientError('AEM_CUT', 'AEM sent less of a file than was asked for, again and again', {
    upstream: 'AEM',
  })

const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : toBridgeError(thrown))
