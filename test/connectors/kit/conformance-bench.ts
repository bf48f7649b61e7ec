import { setMaxListeners } from 'node:events'
import { inspect } from 'node:util'
import type { CallContext } from '../../../src/core/call-context'
import { BridgeError } from '../../../src/core/errors'
import type { AssetBinary, Destination, StoredObject } from '../../../src/plugin/destination'
import { startCall } from '../../support/call'
import { expectBytes } from './expect-bytes'
import { type FakeBinary, type FakeBinaryOptions, fakeBinary } from './fake-binary'

/** A destination at work, and a second way to look at it. */
export type StartedDestination = {
  destination: Destination
  /** What somebody who uses the destination reads under a key, without our code; undefined when nothing is there. */
  read(key: string): Promise<Buffer | undefined>
  /** The keys that somebody who uses the destination sees, hidden and temporary ones left out. */
  list(): Promise<string[]>
  /** Writes a file as another program does, over whatever is there; absent where the server has no such way. */
  putForeign?(key: string, bytes: Buffer): Promise<void>
  /** The same with the hidden and temporary ones. @default list */
  listAll?(): Promise<string[]>
  /** The media type a reader is told; absent where the destination shows none. */
  mediaType?(key: string): Promise<string | undefined>
  /** Values that no error may contain. */
  secrets?: readonly string[]
  /** The same place, reached in a wrong way; each absent where it cannot be had. */
  breakIt?: {
    wrongCredentials?(): Destination | Promise<Destination>
    /** Nobody listens there, or the root cannot be used. */
    unreachable?(): Destination | Promise<Destination>
  }
  close(): Promise<void>
}

/** What not every destination can do. */
export type Capability =
  /** It tells what it holds. */
  | 'head'
  | 'remove'
  /** It lists what the bridge put there. */
  | 'list'
  /** A reader sees the old file or the new one, never a part. */
  | 'atomic'
  /** `previous` is honoured by the destination itself, whoever else writes. */
  | 'conditional'

/** A destination under test. */
export type Conformance = {
  name: string
  /** It is held to each; what is not in the list is not checked. */
  capabilities: readonly Capability[]
  /**
   * The server dates files by whole seconds and cannot rename over one. So it cannot tell files of one size apart that
   * overlapping puts leave within a second: a version may be wrong then, until the next put.
   */
  datesBySeconds?: true
  /**
   * Two that create one file at the same time are both told that they did. So neither knows of the other, and a version
   * may be wrong when files of one size overlap, until the next put.
   */
  createsOver?: true
  start(): Promise<StartedDestination>
  /** Checks that the server at hand cannot pass, by their title, each with the reason. They are shown as skipped. */
  except?: Readonly<Record<string, string>>
  /** What a put of 64 MiB may hold at once, in bytes. @default 40 MiB */
  maxHeldBytes?: number
  /** How many files it reads at once for a list. @default 40 */
  listedAtOnce?: number
}

/** What the checks share. */
export type Bench = {
  /** Known from the first check on. */
  readonly started: StartedDestination
  readonly destination: Destination
  readonly maxHeldBytes: number
  readonly listedAtOnce: number
  can(capability: Capability): boolean
  datesBySeconds: boolean
  createsOver: boolean
  /** A test, unless the destination is excused from it. */
  check(title: string, run: () => Promise<void>): void
  /** The same for those that have a capability. */
  checkIf(capability: Capability, title: string, run: () => Promise<void>): void
  /** A key that nobody has used. */
  freshKey(): string
  file(size: number, more?: Omit<FakeBinaryOptions, 'size'>): FakeBinary
  /** Puts with what `head` says, as the app does it. */
  put(key: string, source: AssetBinary, call?: CallContext): Promise<StoredObject>
  expectHolds(key: string, source: FakeBinary): Promise<void>
  /** Where the destination tells versions. */
  expectVersion(key: string, source: FakeBinary): Promise<void>
  expectNothing(key: string): Promise<void>
  /** The error of work that must fail, after a look for secrets in it. */
  failureOf(work: Promise<unknown>): Promise<BridgeError>
}

export const mebibyte = 1024 * 1024
/** A call without an end. */
export const never = startCall()
// As in a run of many files, a lot of work listens to one signal.
setMaxListeners(0, never.signal)
const slowTestMs = 90_000

/** Starts the destination before the first check and ends it after the last. */
export function createBench({
  capabilities,
  start,
  datesBySeconds,
  createsOver,
  except = {},
  maxHeldBytes = 40 * mebibyte,
  listedAtOnce = 40,
}: Conformance): Bench {
  let running: StartedDestination | undefined
  let keys = 0

  beforeAll(async () => {
    running = await start()
  }, slowTestMs)
  afterAll(() => running?.close())

  const bench: Bench = {
    get started() {
      if (running === undefined) throw new Error('the destination did not start')
      return running
    },
    get destination() {
      return bench.started.destination
    },
    maxHeldBytes,
    listedAtOnce,
    can: (capability) => capabilities.includes(capability),
    datesBySeconds: datesBySeconds === true,
    createsOver: createsOver === true,

    check: (title, run) => {
      const reason = except[title]
      if (reason === undefined) it(title, run, slowTestMs)
      else it.skip(`${title} (${reason})`, run)
    },
    checkIf: (capability, title, run) => {
      if (bench.can(capability)) bench.check(title, run)
    },

    freshKey: () => `check-${++keys}/lamp.png`,
    file: (size, more = {}) => fakeBinary({ size, ...more }),

    put: async (key, source, call = never) => {
      const previous = await bench.destination.head?.(key, call)
      return bench.destination.put(key, source, previous === undefined ? {} : { previous }, call)
    },

    expectHolds: async (key, source) => {
      expectBytes(await bench.started.read(key), source)
    },

    expectVersion: async (key, source) => {
      if (bench.destination.head === undefined) return
      const size = source.bytes().length
      expect(await bench.destination.head(key, never)).toMatchObject({ version: source.version, size })
    },

    expectNothing: async (key) => {
      expect(await bench.started.read(key)).toBeUndefined()
      if (bench.destination.head !== undefined)
        expect(await bench.destination.head(key, never)).toBeUndefined()
    },

    failureOf: async (work) => {
      const thrown: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!(thrown instanceof BridgeError)) throw new Error(`not a BridgeError: ${inspect(thrown)}`)
      const shown = inspect(thrown, { depth: 10, showHidden: true }) + JSON.stringify(thrown)
      for (const secret of bench.started.secrets ?? []) {
        expect(shown).not.toContain(secret)
        expect(shown).not.toContain(encodeURIComponent(secret))
      }
      return thrown
    },
  }
  return bench
}
