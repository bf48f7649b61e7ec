import type { FileFacts, FileTree } from '../../../src/connectors/kit/file-tree'
import { treeDestination } from '../../../src/connectors/kit/tree-destination'
import { createRedactor } from '../../../src/core/redaction'
import { startCall } from '../../support/call'
import { fakeBinary } from './fake-binary'

type Memory = Map<string, Buffer>

const never = startCall()
const rules = { redactor: createRedactor(), root: 'MEMORY_ROOT', hint: 'check MEMORY_ROOT' }
const size = 1_000

/**
 * A tree in memory that dies before, or in the middle of, its n-th step and does nothing ever after. Its stamp is the
 * size only, which is worse than any real one: files of one size cannot be told apart.
 */
function dyingTree(files: Memory, diesAt: number, halfDone: boolean): FileTree & { steps(): number } {
  let steps = 0
  const step = async <T>(work: () => T, half?: () => void): Promise<T> => {
    steps += 1
    if (steps === diesAt && halfDone) half?.()
    if (steps >= diesAt) throw new Error('killed')
    return work()
  }
  const facts = (bytes: Buffer): FileFacts => ({
    size: bytes.length,
    stamp: `${bytes.length}`,
    modifiedMs: 0,
  })
  return {
    steps: () => steps,
    stat: (path) =>
      step(() => {
        const found = files.get(path)
        return found === undefined ? undefined : facts(found)
      }),
    readText: (path) => step(() => files.get(path)?.toString()),
    makeFolder: () => step(() => undefined),
    writeNew: async (path, chunks) => {
      const bytes: Buffer[] = []
      for await (const chunk of chunks) bytes.push(chunk)
      const whole = Buffer.concat(bytes)
      return step(
        () => {
          files.set(path, whole)
          return facts(whole)
        },
        () => files.set(path, whole.subarray(0, whole.length / 2)),
      )
    },
    writeOver: async (path, chunks) => {
      const bytes: Buffer[] = []
      for await (const chunk of chunks) bytes.push(chunk)
      const whole = Buffer.concat(bytes)
      return step(
        () => {
          files.set(path, whole)
          return facts(whole)
        },
        () => files.set(path, whole.subarray(0, whole.length / 2)),
      )
    },
    writeText: (path, text) =>
      step(
        () => {
          if (files.has(path)) return false
          files.set(path, Buffer.from(text))
          return true
        },
        () => files.set(path, Buffer.from(text.slice(0, text.length / 2))),
      ),
    replace: (from, to) => step(() => move(files, from, to)),
    place: (from, to) =>
      step(() => {
        if (files.has(to)) return false
        move(files, from, to)
        return true
      }),
    remove: (path) => step(() => void files.delete(path)),
    async *children(folder) {
      await step(() => undefined)
      for (const path of files.keys()) {
        const name = path.slice(folder === '' ? 0 : folder.length + 1)
        if (path.startsWith(folder)) yield { name: name.split('/')[0] ?? '', isFolder: name.includes('/') }
      }
    },
    async *list() {
      await step(() => undefined)
    },
  }
}

function move(files: Memory, from: string, to: string): void {
  files.set(to, files.get(from) ?? Buffer.alloc(0))
  files.delete(from)
}

const on = (tree: FileTree) => treeDestination('memory', (_call, work) => work(tree), rules)

async function put(tree: FileTree, seed: number): Promise<void> {
  const destination = on(tree)
  const previous = await destination.head?.('a/b.png', never)
  await destination.put('a/b.png', fakeBinary({ seed, size }), previous ? { previous } : {}, never)
}

describe('a put that is cut at any step', () => {
  for (const first of [undefined, 1]) {
    it(`never lets head name a version that the file is not, ${first === undefined ? 'on nothing' : 'on an old file'}`, async () => {
      const known = new Map(
        [1, 2, 3].map((seed) => [`v-${seed}-${size}`, fakeBinary({ seed, size }).bytes()]),
      )
      let cuts = 0
      for (const halfDone of [false, true]) {
        for (let diesAt = 1; ; diesAt++) {
          const files: Memory = new Map()
          if (first !== undefined) await put(dyingTree(files, Number.POSITIVE_INFINITY, false), first)
          const dying = dyingTree(files, diesAt, halfDone)
          await put(dying, 2).catch(() => undefined)
          if (dying.steps() < diesAt) break
          cuts += 1

          const survivor = dyingTree(files, Number.POSITIVE_INFINITY, false)
          const held = await on(survivor).head?.('a/b.png', never)
          const seen = files.get('a/b.png')
          expect(held === undefined).toBe(seen === undefined)
          if (seen !== undefined) expect([...known.values()].some((bytes) => bytes.equals(seen))).toBe(true)
          if (held?.version !== undefined)
            expect(known.get(held.version)?.equals(seen ?? Buffer.alloc(0))).toBe(true)

          await put(survivor, 3)
          expect(files.get('a/b.png')?.equals(known.get(`v-3-${size}`) ?? Buffer.alloc(0))).toBe(true)
          expect(await on(survivor).head?.('a/b.png', never)).toMatchObject({ version: `v-3-${size}` })
        }
      }
      expect(cuts).toBeGreaterThan(10)
    })
  }
})

describe('puts that overlap', () => {
  for (const first of [undefined, 9]) {
    it(`never let head name a version that the file is not, in whatever order their steps come, ${first === undefined ? 'on nothing' : 'on an old file'}`, async () => {
      for (let seed = 1; seed <= 300; seed++) {
        const files: Memory = new Map()
        if (first !== undefined) await put(dyingTree(files, Number.POSITIVE_INFINITY, false), first)
        const destination = on(shuffled(dyingTree(files, Number.POSITIVE_INFINITY, false), seed))
        const previous = await destination.head?.('a/b.png', never)
        const sources = [1, 2, 3, 4].map((number) => fakeBinary({ seed: number, size }))
        await Promise.allSettled(
          sources.map((source) =>
            destination.put('a/b.png', source, { ...(previous ? { previous } : {}) }, never),
          ),
        )
        const seen = files.get('a/b.png')
        const held = await destination.head?.('a/b.png', never)
        const real = [...sources, fakeBinary({ seed: 9, size })].find((source) =>
          seen?.equals(source.bytes()),
        )
        expect(real).toBeDefined()
        expect([undefined, real?.version]).toContain(held?.version)
      }
    })
  }
})

describe('what a killed process left behind', () => {
  const hour = 3_600_000
  const temporary = (digit: number): string => `a/.b.png.${String(digit).repeat(16)}.part`

  /** A tree whose clock dates its files, and tells another time than ours. */
  function datedTree(files: Memory, dates: Map<string, number>, now: number): FileTree {
    const tree = dyingTree(files, Number.POSITIVE_INFINITY, false)
    return {
      ...tree,
      stat: async (...given) => {
        const facts = await tree.stat(...given)
        return facts && { ...facts, modifiedMs: dates.get(given[0]) ?? now }
      },
      async *list(folder) {
        for (const path of files.keys())
          if (path.startsWith(`${folder}/`))
            yield { name: path.slice(folder.length + 1), modifiedMs: dates.get(path) ?? now }
      },
    }
  }

  it.each([
    ['a year behind ours', Date.now() - 365 * 24 * hour],
    ['the same as ours', Date.now()],
    ['a year ahead of ours', Date.now() + 365 * 24 * hour],
  ])('is removed once it is a day old by the clock of the tree, which is %s', async (_, now) => {
    const dates = new Map([
      [temporary(1), now - 25 * hour],
      [temporary(2), now - 23 * hour],
      [temporary(3), now + hour],
    ])
    const files: Memory = new Map([...dates.keys()].map((path) => [path, Buffer.from('x')]))

    await put(datedTree(files, dates, now), 1)

    expect([...files.keys()].sort()).toEqual(
      [temporary(2), temporary(3), 'a/b.png', 'a/.b.png.version'].sort(),
    )
  })

  it('is not what this process is writing, however old it looks', async () => {
    const files: Memory = new Map()
    const dates = new Map<string, number>()
    const now = Date.now()
    const tree = datedTree(files, dates, now)
    const slow: FileTree = {
      ...tree,
      writeNew: async (path, chunks, signal) => {
        const facts = await tree.writeNew(path, chunks, signal)
        dates.set(path, now - 25 * hour)
        await put(datedTree(files, dates, now), 2)
        return facts
      },
    }

    await on(slow).put('a/c.png', fakeBinary({ seed: 1, size }), {}, never)

    expect([...files.keys()].filter((path) => path.endsWith('.png')).sort()).toEqual(['a/b.png', 'a/c.png'])
  })

  it('stays when the tree does not tell the time', async () => {
    const files: Memory = new Map([[temporary(1), Buffer.from('x')]])
    const tree = datedTree(files, new Map([[temporary(1), 0]]), Date.now())
    const mute: FileTree = {
      ...tree,
      writeText: (path, text, signal) =>
        path.endsWith('.part') ? Promise.reject(new Error('full')) : tree.writeText(path, text, signal),
    }

    await put(mute, 1)

    expect(files.has(temporary(1))).toBe(true)
  })
})

/** Delays each step by a number of turns that the seed decides. */
function shuffled(tree: FileTree, seed: number): FileTree {
  let state = seed
  const wait = async (): Promise<void> => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    for (let turn = 0; turn < ((state >> 8) % 8) * ((state >> 16) % 3 === 0 ? 4 : 1); turn++)
      await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    ...tree,
    stat: (...given) => wait().then(() => tree.stat(...given)),
    readText: (...given) => wait().then(() => tree.readText(...given)),
    writeNew: (...given) => wait().then(() => tree.writeNew(...given)),
    writeOver: (...given) => wait().then(() => tree.writeOver(...given)),
    writeText: (...given) => wait().then(() => tree.writeText(...given)),
    replace: (...given) => wait().then(() => tree.replace(...given)),
    place: (...given) => wait().then(() => tree.place(...given)),
    remove: (...given) => wait().then(() => tree.remove(...given)),
  }
}
