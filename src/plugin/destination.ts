import type { AssetBinary } from '../core/binary'
import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
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
 * What it can do is told by its methods: without `head` every event is an upload, without `remove` nothing is taken away.
 * Errors are `BridgeError`s: permanent when this file will never be taken, systemic when no file is (credentials,
 * an unreachable host, a full disk), transient otherwise.
 */
export type Destination = {
  /** As `exportDestination` names it. */
  name: string
  /**
   * What it holds under the key now; undefined when nothing. Throws on anything but "absent".
   * @param source what is to be put there: a destination that also carries facts about it tells no version when those
   * differ, so that they are put
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
  /** Removes what is there; nothing happens when nothing is. */
  remove?(key: string, call: CallContext): Promise<void>
}

/** What a destination is built from. */
export type DestinationContext = {
  http: HttpClient
  /** Where to make secrets known, so that they are masked in logs, answers and dead letters. */
  redactor: Redactor
  /** The time that attempts wait by, and that tokens expire by. */
  clock: Clock
  /** A number from 0 up to 1, for the jitter of waits. */
  random: () => number
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
