import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { BridgeError } from '../../src/core/errors'
import type { Destination, StoredObject } from '../../src/destinations/destination'
import { type FakeBinary, type FakeBinaryOptions, fakeBinary } from './fake-binary'
import { oddNames } from './odd-names'
import { createHeapWatch } from './heap-watch'

/** A destination at work, and a second way to look at it. */
export type StartedDestination = {
  destination: Destination
  /** What somebody who uses the destination reads under a key, without our code; undefined when nothing is there. */
  read(key: string): Promise<Buffer | undefined>
  /** The keys that somebody who uses the destination sees, hidden and temporary ones left out. */
  list(): Promise<string[]>
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

/** A destination under test. */
export type Conformance = {
  name: string
  start(): Promise<StartedDestination>
  /** Checks that the server at hand cannot pass, by their title, each with the reason. They are shown as skipped. */
  except?: Readonly<Record<string, string>>
  /** What a put of 64 MiB may hold at once, in bytes. @default 40 MiB */
  maxHeldBytes?: number
}

const mebibyte = 1024 * 1024
const slowTestMs = 90_000

/** Runs every check that a destination's `can` calls for. */
export function describeDestination({ name, start, except = {}, maxHeldBytes = 40 * mebibyte }: Conformance): void {
  describe(`destination ${name}`, () => {
    let started: StartedDestination
    let destination: Destination
    let keys = 0
    const never = new AbortController().signal

    beforeAll(async () => {
      started = await start()
      destination = started.destination
    }, slowTestMs)
    afterAll(() => started?.close())

    const freshKey = (): string => `check-${++keys}/lamp.png`

    const check = (title: string, run: () => Promise<void>): void => {
      const reason = except[title]
      if (reason === undefined) it(title, run, slowTestMs)
      else it.skip(`${title} (${reason})`, run)
    }

    /** With what `head` says, as the app does it. */
    const put = async (key: string, source: FakeBinary, signal = never): Promise<StoredObject> => {
      const previous = await destination.head?.(key, signal)
      return destination.put(key, source, { signal, ...(previous === undefined ? {} : { previous }) })
    }

    const file = (size: number, more: Omit<FakeBinaryOptions, 'size'> = {}): FakeBinary => fakeBinary({ size, ...more })

    const expectHolds = async (key: string, source: FakeBinary): Promise<void> => {
      const found = await started.read(key)
      const bytes = source.bytes()
      expect(found?.length).toBe(bytes.length)
      expect(found?.equals(bytes)).toBe(true)
    }

    const expectVersion = async (key: string, source: FakeBinary): Promise<void> => {
      if (destination.head === undefined) return
      expect(await destination.head(key, never)).toMatchObject({ version: source.version, size: source.bytes().length })
    }

    const expectNothing = async (key: string): Promise<void> => {
      expect(await started.read(key)).toBeUndefined()
      if (destination.head !== undefined) expect(await destination.head(key, never)).toBeUndefined()
    }

    it('has the methods that it declares', () => {
      expect(destination.head !== undefined).toBe(destination.can.head)
      expect(destination.remove !== undefined).toBe(destination.can.remove)
    })

    for (const [size, called] of [
      [0, 'an empty file'],
      [1, 'one byte'],
      [5 * mebibyte + 12_345, '5 MiB and some'],
      [20 * mebibyte, '20 MiB'],
    ] as const) {
      check(`puts ${called}, byte for byte`, async () => {
        const key = freshKey()
        const source = file(size, { seed: size + 7 })
        const stored = await put(key, source)
        expect(stored).toMatchObject({ version: source.version, size })
        await expectHolds(key, source)
        await expectVersion(key, source)
      })
    }

    check('puts a file whose size nobody knows', async () => {
      const key = freshKey()
      const source = file(5 * mebibyte + 3, { unknownSize: true })
      expect(await put(key, source)).toMatchObject({ size: 5 * mebibyte + 3 })
      await expectHolds(key, source)
      await expectVersion(key, source)
    })

    check('puts an empty file whose size nobody knows', async () => {
      const key = freshKey()
      const source = file(0, { unknownSize: true })
      await put(key, source)
      await expectHolds(key, source)
      await expectVersion(key, source)
    })

    check('puts a file that serves no ranges', async () => {
      const key = freshKey()
      const source = file(20 * mebibyte + 1, { ranges: false })
      await put(key, source)
      await expectHolds(key, source)
    })

    check('puts a file that arrives in small pieces', async () => {
      const key = freshKey()
      const source = file(300_001, { chunkSize: 997, ranges: false })
      await put(key, source)
      await expectHolds(key, source)
    })

    check('says nothing about a key that was never put', async () => {
      await expectNothing('never/put.png')
    })

    check('overwrites what it holds', async () => {
      const key = freshKey()
      await put(key, file(200_000, { seed: 1 }))
      const second = file(100_000, { seed: 2 })
      await put(key, second)
      await expectHolds(key, second)
      await expectVersion(key, second)
      const third = file(100_000, { seed: 3 })
      await put(key, third)
      await expectHolds(key, third)
      await expectVersion(key, third)
    })

    check('shows the old file or the new one while it overwrites', async () => {
      if (!destination.can.atomic) return
      const key = freshKey()
      const before = file(300_000, { seed: 1 })
      const after = file(9 * mebibyte, { seed: 2, delayMs: 5 })
      await put(key, before)
      const [oldBytes, newBytes] = [before.bytes(), after.bytes()]
      const putting = put(key, after)
      let done = false
      const ended = putting.finally(() => {
        done = true
      })
      let sawOld = 0
      while (!done) {
        const seen = await started.read(key)
        if (seen?.equals(oldBytes)) sawOld += 1
        else expect(seen?.equals(newBytes)).toBe(true)
        await sleep(10)
      }
      await ended
      expect(sawOld).toBeGreaterThan(0)
      await expectHolds(key, after)
    })

    const brokenSources = [
      ['fails midway', { failAt: 150_000 }],
      ['fails midway in a large file', { failAt: 12 * mebibyte + 5, large: true }],
      ['fails before the first byte', { failAt: 0 }],
      ['fails midway and has no known size', { failAt: 150_000, unknownSize: true }],
    ] as const
    for (const [what, { large, ...fault }] of brokenSources.map(
      ([what, given]) => [what, { large: false, ...given }] as const,
    )) {
      const size = large ? 24 * mebibyte : 400_000

      check(`leaves nothing behind when a source ${what}`, async () => {
        const key = freshKey()
        const before = await started.list()
        await expect(put(key, file(size, fault))).rejects.toMatchObject({ failureClass: 'transient' })
        await expectNothing(key)
        expect(await started.list()).toEqual(before)
      })

      check(`keeps the old file when a source ${what}`, async () => {
        const key = freshKey()
        const old = file(1_000, { seed: 5 })
        await put(key, old)
        await expect(put(key, file(size, fault))).rejects.toMatchObject({ failureClass: 'transient' })
        await expectHolds(key, old)
        await expectVersion(key, old)
        const next = file(2_000, { seed: 6 })
        await put(key, next)
        await expectHolds(key, next)
      })
    }

    for (const [what, size, hangAt] of [
      ['a small file', 400_000, 100_000],
      ['a large file', 24 * mebibyte, 12 * mebibyte],
    ] as const) {
      check(`stops at once when it is aborted in ${what}, and leaves what was there`, async () => {
        const [fresh, used] = [freshKey(), freshKey()]
        const old = file(1_000, { seed: 5 })
        await put(used, old)
        for (const key of [fresh, used]) {
          const controller = new AbortController()
          const putting = put(key, file(size, { hangAt }), controller.signal)
          putting.catch(() => undefined)
          await sleep(300)
          const at = Date.now()
          controller.abort(new Error('time is up'))
          await expect(putting).rejects.toThrow()
          expect(Date.now() - at).toBeLessThan(3_000)
        }
        await expectNothing(fresh)
        await expectHolds(used, old)
        await expectVersion(used, old)
      })
    }

    check('does nothing when it is aborted beforehand', async () => {
      const key = freshKey()
      const signal = AbortSignal.abort(new Error('time is up'))
      await expect(destination.put(key, file(1_000), { signal })).rejects.toThrow()
      await expectNothing(key)
    })

    check('refuses to overwrite what is not `previous` any more', async () => {
      if (!destination.can.conditional) return
      const key = freshKey()
      const previous = await put(key, file(1_000, { seed: 1 }))
      const second = file(1_000, { seed: 2 })
      await put(key, second)
      await expect(destination.put(key, file(1_000, { seed: 3 }), { previous, signal: never })).rejects.toMatchObject({
        failureClass: 'transient',
        code: 'DESTINATION_CHANGED',
      })
      await expectHolds(key, second)
    })

    check('refuses to overwrite a large file that is not `previous` any more', async () => {
      if (!destination.can.conditional) return
      const key = freshKey()
      const previous = await put(key, file(1_000, { seed: 1 }))
      const second = file(1_000, { seed: 2 })
      await put(key, second)
      const large = file(20 * mebibyte, { seed: 3 })
      await expect(destination.put(key, large, { previous, signal: never })).rejects.toMatchObject({
        failureClass: 'transient',
        code: 'DESTINATION_CHANGED',
      })
      await expectHolds(key, second)
    })

    check('refuses to overwrite a file that nobody told it of', async () => {
      if (!destination.can.conditional) return
      const key = freshKey()
      const first = file(1_000, { seed: 1 })
      await put(key, first)
      for (const size of [1_000, 20 * mebibyte]) {
        const next = file(size, { seed: 2 })
        await expect(destination.put(key, next, { signal: never })).rejects.toMatchObject({
          failureClass: 'transient',
          code: 'DESTINATION_CHANGED',
        })
      }
      await expectHolds(key, first)
    })

    check('ends in one whole file when two puts overlap', async () => {
      for (const size of [200_000, 9 * mebibyte]) {
        const key = freshKey()
        const sources = [1, 2, 3, 4].map((seed) => file(size, { seed, delayMs: size > mebibyte ? 1 : 10 }))
        const puts = await Promise.allSettled(sources.map((source) => destination.put(key, source, { signal: never })))
        expect(puts.some(({ status }) => status === 'fulfilled')).toBe(true)
        for (const result of puts) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ failureClass: 'transient' })
        }
        const found = await started.read(key)
        const winner = sources.find((source) => found?.equals(source.bytes()))
        expect(winner).toBeDefined()
        const version = (await destination.head?.(key, never))?.version
        expect([undefined, winner?.version]).toContain(version)
        const next = file(size, { seed: 9 })
        await put(key, next)
        await expectHolds(key, next)
        await expectVersion(key, next)
      }
    })

    check('never names a version that the file is not, however puts overlap', async () => {
      if (destination.head === undefined) return
      const key = freshKey()
      const held = new Map<string | undefined, FakeBinary>()
      for (let round = 0; round < 12; round++) {
        const sources = [0, 1, 2].map((index) => file(5_000, { seed: 100 + round * 3 + index }))
        for (const source of sources) held.set(source.version, source)
        await Promise.allSettled(sources.map((source) => put(key, source)))
        const version = (await destination.head(key, never))?.version
        if (version === undefined) continue
        expect((await started.read(key))?.equals(held.get(version)?.bytes() ?? Buffer.alloc(0))).toBe(true)
      }
    })

    for (const [what, names] of Object.entries(oddNames)) {
      check(`keeps names apart: ${what}`, async () => {
        const sources = names.map((key, index) => [key, file(50 + index, { seed: 1_000 + index })] as const)
        for (const [key, source] of sources) await put(key, source)
        for (const [key, source] of sources) {
          await expectHolds(key, source)
          await expectVersion(key, source)
        }
        const listed = await started.list()
        for (const key of names) expect(listed).toContain(key)
      })
    }

    check('shows nothing but the files', async () => {
      const before = new Set(await started.list())
      const key = freshKey()
      await put(key, file(1_000))
      expect((await started.list()).filter((listed) => !before.has(listed))).toEqual([key])
    })

    check('keeps the media type', async () => {
      if (started.mediaType === undefined) return
      for (const [mediaType, size] of [
        ['image/jpeg', 10],
        ['application/vnd.adobe.photoshop', 10 * mebibyte],
      ] as const) {
        const key = freshKey()
        await put(key, file(size, { mediaType }))
        expect(await started.mediaType(key)).toBe(mediaType)
      }
    })

    check('keeps a version of any ASCII', async () => {
      if (destination.head === undefined) return
      for (const version of ['W/"0x8DC: 1"', ' a=b; c, "d" %20 \\ <e> ', "'{}[]|^`~!@#$&*()_+?/", 'x'.repeat(200), 'é'.normalize('NFD').replace(/[^ -~]/g, '')]) {
        const key = freshKey()
        const source = file(10, { version })
        await put(key, source)
        await expectVersion(key, source)
      }
    })

    check('removes, and removes again', async () => {
      if (destination.remove === undefined) return
      const key = freshKey()
      await put(key, file(1_000))
      await destination.remove(key, never)
      await expectNothing(key)
      await destination.remove(key, never)
      await destination.remove('never/there.png', never)
      const next = file(1_000, { seed: 4 })
      await put(key, next)
      await expectHolds(key, next)
    })

    check('moves 64 MiB without holding them', async () => {
      const key = freshKey()
      const watch = createHeapWatch()
      const source = file(64 * mebibyte, {
        onChunk: (sent) => {
          if (sent % (4 * mebibyte) === 0) watch.sample()
        },
      })
      await put(key, source)
      watch.sample()
      expect(watch.growth()).toBeLessThan(maxHeldBytes)
      await expectHolds(key, source)
    })

    const expectSilent = (thrown: unknown): void => {
      const shown = inspect(thrown, { depth: 10, showHidden: true }) + JSON.stringify(thrown)
      for (const secret of started.secrets ?? []) {
        expect(shown).not.toContain(secret)
        expect(shown).not.toContain(encodeURIComponent(secret))
      }
    }

    const failureOf = async (work: Promise<unknown>): Promise<BridgeError> => {
      const thrown: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(thrown).toBeInstanceOf(BridgeError)
      if (!(thrown instanceof BridgeError)) throw thrown
      expectSilent(thrown)
      return thrown
    }

    check('calls wrong credentials systemic', async () => {
      const broken = await started.breakIt?.wrongCredentials?.()
      if (broken === undefined) return
      const key = freshKey()
      if (broken.head !== undefined) {
        expect((await failureOf(broken.head(key, never))).failureClass).toBe('systemic')
      }
      const failure = await failureOf(broken.put(key, file(1_000), { signal: never }))
      expect(failure.failureClass).toBe('systemic')
      await expectNothing(key)
    })

    check('calls an unreachable place systemic, or transient', async () => {
      const broken = await started.breakIt?.unreachable?.()
      if (broken === undefined) return
      const key = freshKey()
      if (broken.head !== undefined) {
        expect(['systemic', 'transient']).toContain((await failureOf(broken.head(key, never))).failureClass)
      }
      const failure = await failureOf(broken.put(key, file(1_000), { signal: never }))
      expect(['systemic', 'transient']).toContain(failure.failureClass)
    })

    check('tells no secret when a source fails', async () => {
      expectSilent(await failureOf(put(freshKey(), file(400_000, { failAt: 100_000 }))))
    })
  })
}
