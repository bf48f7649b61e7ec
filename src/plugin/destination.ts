import type { Asset } from '../core/asset'
import type { AssetBinary } from '../core/binary'
import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import type { HttpClient } from '../http/http-client'
import type { CheckReport } from './check'
import type { InputAccess, InputDeclarations } from './inputs'

export type { AssetBinary } from '../core/binary'
export type { CheckReport, Finding, Right } from './check'

/** What a destination holds under a key. */
export type StoredObject = {
  /**
   * The version of the source it was made from; undefined when the destination does not say, or another program
   * stored it.
   */
  version: string | undefined
  /** In bytes. */
  size: number
  /** The destination's own tag, for conditional writes. */
  etag?: string
  /**
   * Why the destination takes no file of this asset, such as another asset that has its place. Then nothing is stored,
   * which is no failure, and is not tried again.
   */
  declined?: string
}

/** A file that the bridge put into a destination. */
export type ListedObject = StoredObject & {
  key: string
  /** Of the asset that it is a file of; undefined where it was not written along, as by versions before this one. */
  assetId?: string
}

/** Which of the files are wanted. */
export type ListOptions = {
  /** Only keys that begin with this. @default all */
  prefix?: string
  /** Only keys behind this one, whether or not it is there itself. @default from the first on */
  after?: string
}

/**
 * The contract of a destination. `src/connectors/<vendor>/destination.ts` implements it, `config/destinations.ts` names it.
 * Its methods define its abilities: without `head` every event causes an upload, without `remove` no file is removed,
 * without `list` nobody can tell what is there too much.
 * Errors are `BridgeError`s: permanent when this file will never be accepted, systemic when no file is (credentials,
 * an unreachable host, a full disk), transient otherwise.
 */
export type Destination = {
  /** As `exportDestination` names it: the key in config/destinations.ts, which the context tells. */
  name: string
  /**
   * What it holds under the key now; undefined when nothing. Throws on anything but "absent".
   * @param source the file to store: a destination that also stores facts about it returns no version when those
   * differ, so that the file is stored again
   */
  head?(key: string, call: CallContext, source?: AssetBinary): Promise<StoredObject | undefined>
  /**
   * Publishes the file whole or not at all. With `previous` only over that; without it only where nothing is, as far as
   * the destination can tell. The key is normal: segments without `.`, `..`, control characters, joined by `/`.
   * @throws {BridgeError} transient, `DESTINATION_CHANGED`, when something else than `previous` is there
   */
  put(
    key: string,
    source: AssetBinary,
    options: { previous?: StoredObject },
    call: CallContext,
  ): Promise<StoredObject>
  /** Removes the object; does nothing when there is none. */
  remove?(key: string, call: CallContext): Promise<void>
  /**
   * The files that the bridge put there, ordered by their keys' UTF-8 bytes and read page by page, so that memory stays
   * bounded. A destination that cannot tell them from the files of others leaves this out.
   */
  list?(options: ListOptions, call: CallContext): AsyncIterable<ListedObject>
  /**
   * Writes, reads back and removes a small file that no reader sees or mistakes for an asset, as far as that leaves
   * nothing behind. Names the input, the right or the host that is wrong, and what it could not try.
   * It throws nothing but the signal's reason: what fails is a finding.
   */
  check(call: CallContext): Promise<CheckReport>
}

/** What a destination is built from. */
export type DestinationContext = InputAccess & {
  /** The key in config/destinations.ts, which is the destination's name. */
  name: string
  /** The property that links an asset to its products, as config/enrichment.ts says. */
  linkProperty: string
  http: HttpClient
  /** The clock for waits between attempts and for the expiry of tokens. */
  clock: Clock
  /** A number from 0 up to 1, for the jitter of waits. */
  random: () => number
  /**
   * An asset as AEM has it now, when its files may stay at this destination; undefined when it is gone, is not due
   * there any more, or no author has it. Absent where AEM is not asked.
   * @throws {BridgeError} what AEM fails with
   */
  dueAsset?(id: string, call: CallContext): Promise<Asset | undefined>
}

/** Builds a destination; called once per container, on the first asset that names it. */
export type DestinationFactory = {
  /** The name that it was given besides its key in config/destinations.ts. It has to be the same. */
  name?: string
  /** The inputs that it reads, by whole names. */
  inputs?: InputDeclarations
  /** Its page in the docs, such as `docs/connectors/s3.md`. */
  docs?: string
  /** Tells whether the inputs turn the destination on. */
  isOn(context: DestinationContext): boolean
  create(context: DestinationContext): Destination
}

/** The option `name` of a factory, where it is given. */
export const named = ({ name }: { name?: string | undefined }): Pick<DestinationFactory, 'name'> =>
  name === undefined ? {} : { name }
