import type { AssetBinary } from '../core/binary'
import type { Redactor } from '../core/redaction'
import type { HttpClient } from '../http/http-client'

export type { AssetBinary } from '../core/binary'

/** What a destination holds under a key. */
export type StoredObject = {
  /** The version of the source it was made from; undefined when the destination does not say, or somebody else put it there. */
  version: string | undefined
  /** In bytes. */
  size: number
  /** The destination's own tag, for conditional writes. */
  etag?: string
}

/**
 * The contract of a destination. `src/connectors/<vendor>/destination.ts` implements it, `config/destinations.ts` names it.
 * Errors are `BridgeError`s: permanent when this file will never be taken, systemic when no file is (credentials,
 * an unreachable host, a full disk), transient otherwise.
 */
export type Destination = {
  /** As `exportDestination` names it. */
  name: string
  /** What it can promise; the conformance suite holds it to each. */
  can: {
    /** Tells what it holds. */
    head: boolean
    /** A reader sees the old file or the new one, never a part. */
    atomic: boolean
    /** `previous` is honoured by the destination itself, whoever else writes. */
    conditional: boolean
    remove: boolean
    /** Fetches a pre-signed URL by itself, so that no byte moves through the action. */
    copyFromUrl: boolean
  }
  /**
   * What it holds under the key now; undefined when nothing. Throws on anything but "absent".
   * @param source what is to be put there: a destination that also carries facts about it tells no version when those
   * differ, so that they are put
   */
  head?(key: string, signal: AbortSignal, source?: AssetBinary): Promise<StoredObject | undefined>
  /**
   * Publishes the file whole or not at all. With `previous` only over that; without it only where nothing is, as far as
   * the destination can tell. The key is normal: segments without `.`, `..`, control characters, joined by `/`.
   * @throws {BridgeError} transient, `DESTINATION_CHANGED`, when something else than `previous` is there
   */
  put(
    key: string,
    source: AssetBinary,
    options: { previous?: StoredObject; signal: AbortSignal },
  ): Promise<StoredObject>
  /** Removes what is there; nothing happens when nothing is. */
  remove?(key: string, signal: AbortSignal): Promise<void>
}

/** What a destination is built from. */
export type DestinationContext = {
  http: HttpClient
  /** Where to make secrets known, so that they are masked in logs, answers and dead letters. */
  redactor: Redactor
  /** An input of the app by name; undefined when it is not set. */
  input(name: string): string | undefined
  /** @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input and what to set */
  requireInput(name: string, hint: string): string
}

/** Builds a destination; called once per container, on the first asset that names it. */
export type DestinationFactory = {
  /** Tells whether the inputs turn the destination on. */
  isOn(context: DestinationContext): boolean
  create(context: DestinationContext): Destination
}
