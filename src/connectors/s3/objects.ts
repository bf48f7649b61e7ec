import type { CallContext } from '../../core/call-context'
import { type RetryRules, retry } from '../../http/retry'
import type { Destination, ListedObject, ListOptions, StoredObject } from '../../plugin/destination'
import { inOrder } from '../kit/in-order'
import { listedFrom, versionFromHeader } from '../kit/stored'
import type { Service } from './client'
import { notS3, s3Status } from './errors'

/** What is read of a bucket. */
export type S3Objects = Required<Pick<Destination, 'head' | 'list'>> & {
  /** One try of `head`. */
  look(service: Service, key: string, own: CallContext): Promise<StoredObject | undefined>
}

const parallelHeads = 16

/** @param parts.prefix of all keys of this destination */
export function s3Objects(parts: {
  connected(): Promise<Service>
  at(key: string): { Bucket: string; Key: string }
  prefix: string
  rules: RetryRules
  headRules: RetryRules
}): S3Objects {
  const { connected, at, prefix, rules, headRules } = parts
  return { head, look, list }

  async function head(key: string, call: CallContext): Promise<StoredObject | undefined> {
    const service = await connected()
    return retry(headRules, call, (own) => look(service, key, own))
  }

  async function look(service: Service, key: string, own: CallContext): Promise<StoredObject | undefined> {
    return (await lookClosely(service, key, own))?.held
  }

  async function lookClosely(
    { client, library }: Service,
    key: string,
    own: CallContext,
  ): Promise<{ held: StoredObject; metadata: Readonly<Record<string, string>> | undefined } | undefined> {
    try {
      const command = new library.HeadObjectCommand(at(key))
      const { Metadata, ContentLength = 0, ETag } = await client.send(command, { abortSignal: own.signal })
      const version = versionFromHeader(Metadata?.sourceversion)
      return { held: { version, size: ContentLength, etag: tagOf(ETag) }, metadata: Metadata }
    } catch (thrown) {
      if (s3Status(thrown) === 404) return undefined
      throw thrown
    }
  }

  async function* list(options: ListOptions, call: CallContext): AsyncGenerator<ListedObject> {
    const service = await connected()
    // A page has no metadata: whose an object is, only the object itself tells.
    const objects = inOrder(keysOf(service, options, call), parallelHeads, async (key) => {
      const found = await retry(headRules, call, (own) => lookClosely(service, key, own))
      return found && listedFrom(key, found.held, found.metadata)
    })
    for await (const object of objects) if (object !== undefined) yield object
  }

  async function* keysOf(
    { client, library }: Service,
    { prefix: begin = '', after }: ListOptions,
    call: CallContext,
  ): AsyncGenerator<string> {
    const { Bucket } = at('')
    const start = after === undefined ? {} : { StartAfter: prefix + after }
    let token: string | undefined
    do {
      const page = new library.ListObjectsV2Command({
        Bucket,
        Prefix: prefix + begin,
        ...(token === undefined ? start : { ContinuationToken: token }),
      })
      const { Contents = [], NextContinuationToken } = await retry(rules, call, (own) =>
        client.send(page, { abortSignal: own.signal }),
      )
      for (const { Key = '' } of Contents) {
        const key = Key.slice(prefix.length)
        // The folders that some programs show are empty objects.
        if (key !== '' && !key.endsWith('/')) yield key
      }
      token = NextContinuationToken
    } while (token !== undefined)
  }
}

/** Whoever answers without a tag has not stored anything. */
export function tagOf(etag: string | undefined): string {
  if (etag === undefined) throw notS3(200)
  return etag
}
