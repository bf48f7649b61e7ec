import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { answerFault, createStorageFaults, type StorageAnswer, type StorageFaults } from './storage-faults'

/**
 * A Blob Storage that takes its own rules seriously where the emulator is kind: permissions and end of a SAS, block
 * names, hashes, conditions. The signature is compared, not calculated.
 */
export type StrictAzure = {
  sasUrl(options?: { permissions?: string; expiresOn?: Date; signature?: string; container?: string }): string
  blobs: Map<string, StrictBlob>
  /** Blocks that belong to no blob yet, by blob and name. */
  blocks: Map<string, Map<string, Buffer>>
  calls: AzureCall[]
  count(operation: string): number
  failNext: StorageFaults['failNext']
  close(): Promise<void>
}

/** A blob that readers see. */
export type StrictBlob = {
  bytes: Buffer
  etag: string
  version: string | undefined
  mediaType: string | undefined
}

type AzureCall = {
  operation: string
  key: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
}

class Refusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

const container = 'assets'
const signature = 'c3RyaWN0LXNpZ25hdHVyZQ=='
/** One of the letters is enough. */
const permissionFor: Readonly<Record<string, string>> = {
  GetProperties: 'r',
  GetBlockList: 'r',
  PutBlob: 'cw',
  PutBlock: 'cw',
  PutBlockFromUrl: 'cw',
  PutBlockList: 'cw',
  DeleteBlob: 'd',
}

/** Starts it on a free port of this process. It fetches no URL by itself: such a block is answered 501. */
export async function startStrictAzure(): Promise<StrictAzure> {
  const blobs = new Map<string, StrictBlob>()
  const blocks = new Map<string, Map<string, Buffer>>()
  const calls: AzureCall[] = []
  const { failNext, take } = createStorageFaults()

  const operations: Readonly<Record<string, (call: AzureCall) => StorageAnswer>> = {
    GetProperties: ({ key }) => {
      const blob = blobs.get(key)
      if (blob === undefined) throw new Refusal(404, 'BlobNotFound')
      return {
        status: 200,
        headers: {
          etag: blob.etag,
          'content-length': `${blob.bytes.length}`,
          'x-ms-blob-type': 'BlockBlob',
          ...(blob.mediaType === undefined ? {} : { 'content-type': blob.mediaType }),
          ...(blob.version === undefined ? {} : { 'x-ms-meta-sourceversion': blob.version }),
        },
      }
    },
    PutBlob: (call) => {
      if (header(call, 'x-ms-blob-type') !== 'BlockBlob') throw new Refusal(400, 'InvalidHeaderValue')
      checkCondition(call)
      return publish(call, call.body)
    },
    PutBlock: (call) => {
      const id = call.query.get('blockid') ?? ''
      const staged = blocks.get(call.key) ?? new Map<string, Buffer>()
      const [other = id] = staged.keys()
      const isName =
        Buffer.from(id, 'base64').length <= 64 && Buffer.from(id, 'base64').toString('base64') === id
      if (!isName || id === '') throw new Refusal(400, 'InvalidQueryParameterValue')
      if (other.length !== id.length) throw new Refusal(400, 'InvalidBlobOrBlock')
      const md5 = header(call, 'content-md5')
      if (md5 !== undefined && createHash('md5').update(call.body).digest('base64') !== md5) {
        throw new Refusal(400, 'Md5Mismatch')
      }
      blocks.set(call.key, staged.set(id, call.body))
      return { status: 201 }
    },
    PutBlockList: (call) => {
      checkCondition(call)
      const staged = blocks.get(call.key)
      const names = [...call.body.toString().matchAll(/<(?:Latest|Uncommitted)>(.*?)</g)].map(
        ([, id = '']) => id,
      )
      const parts = names.map((id) => {
        const part = staged?.get(id)
        if (part === undefined) throw new Refusal(400, 'InvalidBlockList')
        return part
      })
      blocks.delete(call.key)
      return publish(call, Buffer.concat(parts))
    },
    DeleteBlob: ({ key }) => {
      if (!blobs.delete(key)) throw new Refusal(404, 'BlobNotFound')
      return { status: 202 }
    },
  }

  const server = createServer((incoming, outgoing) => {
    const send = (answer: StorageAnswer | undefined): void => {
      if (answer === undefined) return
      outgoing.writeHead(answer.status, answer.headers)
      outgoing.end(incoming.method === 'HEAD' ? undefined : answer.body)
    }
    answer(incoming, outgoing).then(send, (thrown: unknown) => {
      if (thrown instanceof Refusal) send(problem(thrown.status, thrown.code))
      else outgoing.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined

  return {
    sasUrl: (options = {}) => {
      const query = new URLSearchParams({
        sv: '2024-11-04',
        sr: 'c',
        sp: options.permissions ?? 'rcwd',
        se: (options.expiresOn ?? new Date(Date.now() + 3_600_000)).toISOString(),
        sig: options.signature ?? signature,
      })
      return `http://127.0.0.1:${port}/${options.container ?? container}?${query}`
    },
    blobs,
    blocks,
    calls,
    count: (operation) => calls.filter((call) => call.operation === operation).length,
    failNext,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<StorageAnswer | undefined> {
    const url = new URL(incoming.url ?? '/', 'http://localhost')
    const [, name, ...path] = url.pathname.split('/').map(decodeURIComponent)
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const operation = operationOf(incoming.method ?? '', url.searchParams, incoming.headers)
    const call: AzureCall = {
      operation,
      key: path.join('/'),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    }
    calls.push(call)
    const fault = take(operation)
    if (fault !== undefined) {
      if (fault.takesEffect) done(call, name)
      return answerFault(fault, outgoing, problem)
    }
    return done(call, name)
  }

  function done(call: AzureCall, name: string | undefined): StorageAnswer {
    const { query } = call
    if (header(call, 'x-ms-version') === undefined) throw new Refusal(400, 'MissingRequiredHeader')
    if (query.get('sig') !== signature) throw new Refusal(403, 'AuthenticationFailed')
    if (Date.parse(query.get('se') ?? '') <= Date.now()) throw new Refusal(403, 'AuthenticationFailed')
    const granted = query.get('sp') ?? ''
    const needed = permissionFor[call.operation] ?? ''
    if (![...needed].some((letter) => granted.includes(letter))) {
      throw new Refusal(403, 'AuthorizationPermissionMismatch')
    }
    // A SAS with only the create permission may not overwrite a blob.
    const replaces = ['PutBlob', 'PutBlockList'].includes(call.operation) && blobs.has(call.key)
    if (replaces && !granted.includes('w')) throw new Refusal(403, 'AuthorizationPermissionMismatch')
    if (name !== container) throw new Refusal(404, 'ContainerNotFound')
    if (call.key.length > 1024) throw new Refusal(400, 'InvalidUri')
    return operations[call.operation]?.(call) ?? problem(501, 'NotImplemented')
  }

  function publish(call: AzureCall, bytes: Buffer): StorageAnswer {
    const names = Object.keys(call.headers).filter((name) => name.startsWith('x-ms-meta-'))
    if (names.some((name) => !/^x-ms-meta-[a-z_][a-z0-9_]*$/.test(name)))
      throw new Refusal(400, 'InvalidMetadata')
    const etag = `"${randomUUID()}"`
    blobs.set(call.key, {
      bytes,
      etag,
      version: header(call, 'x-ms-meta-sourceversion'),
      mediaType: header(call, 'x-ms-blob-content-type'),
    })
    return { status: 201, headers: { etag } }
  }

  function checkCondition(call: AzureCall): void {
    const held = blobs.get(call.key)
    if (header(call, 'if-none-match') === '*' && held !== undefined)
      throw new Refusal(409, 'BlobAlreadyExists')
    const match = header(call, 'if-match')
    if (match !== undefined && (held === undefined || (match !== '*' && match !== held.etag))) {
      throw new Refusal(412, 'ConditionNotMet')
    }
  }
}

function operationOf(method: string, query: URLSearchParams, headers: IncomingHttpHeaders): string {
  if (method === 'HEAD') return 'GetProperties'
  if (method === 'DELETE') return 'DeleteBlob'
  const part = query.get('comp')
  if (method === 'GET' && part === 'blocklist') return 'GetBlockList'
  if (method !== 'PUT') return method
  if (part === 'blocklist') return 'PutBlockList'
  if (part === 'block') return headers['x-ms-copy-source'] === undefined ? 'PutBlock' : 'PutBlockFromUrl'
  return 'PutBlob'
}

function header(call: AzureCall, name: string): string | undefined {
  const value = call.headers[name]
  return typeof value === 'string' ? value : undefined
}

const problem = (status: number, code: string): StorageAnswer => ({
  status,
  headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
  body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code} at ?sig=leaked</Message></Error>`,
})
