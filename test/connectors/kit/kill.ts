import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { seededRandom } from '../../../sandbox/faults'
import { BridgeError } from '../../../src/core/errors'
import type { DestinationFactory } from '../../../src/plugin/destination'
import { startCall } from '../../support/call'
import { contextOf } from './destination-context'
import { type FakeBinary, fakeBinary } from './fake-binary'

/** What a child is told. */
export type KillOrder = {
  /** The file that exports the factory, absolute. */
  module: string
  /** The export's name. */
  factory: string
  options?: object
  inputs: Readonly<Record<string, string>>
  keys: readonly string[]
  seed: number
  maxBytes: number
}

/** A destination whose writers are killed. */
export type KillTarget = {
  name: string
  /** The folder of the destination in `src/connectors`, and the export of its factory. @default name */
  module?: string
  factory?: string
  /** For the factory. */
  options?: object
  start(): Promise<{
    inputs: Readonly<Record<string, string>>
    /** What a reader of the destination sees. */
    read(key: string): Promise<Buffer | undefined>
    /** Until no request is being worked on, where that is known. */
    quiet?(): Promise<void>
    close(): Promise<void>
  }>
  /** @default 3 MiB */
  maxBytes?: number
}

const atOnce = 3
const longestLifeMs = 350
const here = __dirname

/**
 * Kills processes in the middle of puts, at moments that a seed decides, and looks at what they leave.
 * @param kills at least
 */
export function describeKills({ name, start, ...target }: KillTarget, kills: number): void {
  it(`${name}: ${kills} killed writers leave whole files, and the next put succeeds`, async () => {
    const started = await start()
    const module = join(here, '../../../src/connectors', target.module ?? name, 'destination')
    const factoryName = target.factory ?? name
    const factories: Record<string, (options?: object) => DestinationFactory> = await import(module)
    const destination = factories[factoryName]?.(target.options).create(contextOf(started.inputs))
    if (destination === undefined) throw new Error(`${module} exports no ${factoryName}`)
    const random = seededRandom(4711)
    const call = startCall()
    /** By key, every file that may be there. */
    const possible = new Map<string, Map<string, FakeBinary | undefined>>()
    const counts = { begun: 0, published: 0 }

    /** A killed writer's last request may still take effect between two looks. */
    const atOneMoment = async (key: string) => {
      for (;;) {
        const before = await destination.head?.(key, call)
        const seen = await started.read(key)
        const held = await destination.head?.(key, call)
        if (isDeepStrictEqual(before, held)) return { held, seen }
      }
    }

    const look = async (key: string): Promise<void> => {
      const candidates = possible.get(key) ?? new Map()
      const { held, seen } = await atOneMoment(key)
      const found = [...candidates.entries()].find(([, file]) =>
        seen === undefined ? file === undefined : file?.size === seen.length && file.bytes().equals(seen),
      )
      expect({ key, length: seen?.length, whole: found !== undefined }).toMatchObject({ whole: true })
      if (held?.version !== undefined) expect(held.version).toBe(found?.[0])
      if (destination.head !== undefined) expect(held === undefined).toBe(seen === undefined)
    }

    const putOver = async (key: string, next: FakeBinary): Promise<void> => {
      for (let attempt = 1; ; attempt++) {
        try {
          const previous = await destination.head?.(key, call)
          await destination.put(key, next, { ...(previous === undefined ? {} : { previous }) }, call)
          return
        } catch (thrown) {
          if (attempt >= 4 || !(thrown instanceof BridgeError) || thrown.code !== 'DESTINATION_CHANGED')
            throw thrown
        }
      }
    }

    /** A killed writer's last request may still be on its way when we look, and end over ours: once. */
    const putAfterwards = async (key: string): Promise<void> => {
      const next = fakeBinary({ seed: Math.floor(random() * 2 ** 31), size: 1_000 })
      await putOver(key, next)
      const { held, seen } = await atOneMoment(key)
      const late = [...(possible.get(key)?.values() ?? [])]
      if (late.some((file) => file !== undefined && seen?.equals(file.bytes()))) await putOver(key, next)
      else if (destination.head !== undefined) expect(held).toMatchObject({ version: next.version })
      expect((await started.read(key))?.equals(next.bytes())).toBe(true)
      if (destination.head !== undefined)
        expect(await destination.head(key, call)).toMatchObject({ version: next.version })
      possible.set(key, new Map([[next.version, next]]))
    }

    try {
      // A slow machine needs more of them, and longer ones, until a put is over before its writer is killed.
      const isOver = (killed: number): boolean =>
        killed >= kills && (counts.published > 0 || killed >= 4 * kills)
      for (let killed = 0; !isOver(killed); killed += atOnce) {
        const writers = Array.from({ length: atOnce }, (_, index) => ({
          keys: [`kill-${index}/a.psd`, `kill-${index}/b.psd`],
          seed: Math.floor(random() * 2 ** 31),
          lifeMs: random() * longestLifeMs * Math.ceil((killed + 1) / kills),
        }))
        await Promise.all(
          writers.map(async ({ keys, seed, lifeMs }) => {
            for (const key of keys) if (!possible.has(key)) possible.set(key, new Map([['', undefined]]))
            const order: KillOrder = {
              module,
              factory: factoryName,
              inputs: started.inputs,
              keys,
              seed,
              maxBytes: target.maxBytes ?? 3 * 1024 * 1024,
              ...(target.options === undefined ? {} : { options: target.options }),
            }
            for (const line of await killedAfter(order, lifeMs)) {
              const [event, key = '', version = ''] = line.split(' ')
              if (event === 'failed') throw new Error(line)
              if (event === 'begin') {
                possible.get(key)?.set(version, fileOf(version))
                counts.begun += 1
              } else if (event === 'end') {
                possible.set(key, new Map([[version, fileOf(version)]]))
                counts.published += 1
              }
            }
            await sleep(50)
            await started.quiet?.()
            for (const key of keys) {
              await look(key)
              await putAfterwards(key)
            }
          }),
        )
      }
      // Or the writers were never killed in the middle of anything.
      expect(counts.published).toBeGreaterThan(0)
      expect(counts.begun).toBeGreaterThan(counts.published)
    } finally {
      await started.close()
    }
  }, 600_000)
}

/** The version of a fake file says what is in it. */
function fileOf(version: string): FakeBinary {
  const [, seed, size] = version.split('-').map(Number)
  return fakeBinary({ seed: seed ?? 0, size: size ?? 0 })
}

/** Runs a writer, kills it so long after it began, and returns what it printed. */
function killedAfter(order: KillOrder, lifeMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(here, 'kill-child.ts'), JSON.stringify(order)],
      {
        cwd: join(here, '../../..'),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let output = ''
    let errors = ''
    let timer: NodeJS.Timeout | undefined
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (timer === undefined && output.includes('ready'))
        timer = setTimeout(() => child.kill('SIGKILL'), lifeMs)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(timer)
      if (timer === undefined) reject(new Error(`the writer did not begin: ${errors}`))
      // A line cut by the kill has no line break; nothing had begun.
      else resolve(output.slice(0, output.lastIndexOf('\n')).split('\n'))
    })
  })
}
