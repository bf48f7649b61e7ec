import { writeSync } from 'node:fs'
import { seededRandom } from '../../../sandbox/faults'
import type { DestinationFactory } from '../../../src/plugin/destination'
import { contextOf } from './destination-context'
import { fakeBinary } from './fake-binary'
import type { KillOrder } from './kill'

/** Puts files over and over until the process is killed. Each line that it prints is out before the next step begins. */
async function run(order: KillOrder): Promise<void> {
  const factories: Record<string, (options?: object) => DestinationFactory> = await import(order.module)
  const destination = factories[order.factory]?.(order.options).create(contextOf(order.inputs))
  const random = seededRandom(order.seed)
  const signal = new AbortController().signal
  // Loads the library, too, so that the time until the kill is spent on files.
  await destination?.head?.(order.keys[0] ?? '', signal)
  say('ready')
  await Promise.all(
    order.keys.map(async (key) => {
      for (;;) {
        const seed = Math.floor(random() * 2 ** 31)
        const source = fakeBinary({ seed, size: Math.floor(random() ** 2 * order.maxBytes) })
        const previous = await destination?.head?.(key, signal)
        say(`begin ${key} ${source.version}`)
        await destination?.put(key, source, { signal, ...(previous === undefined ? {} : { previous }) })
        say(`end ${key} ${source.version}`)
      }
    }),
  )
}

const say = (line: string): number => writeSync(1, `${line}\n`)

run(JSON.parse(process.argv[2] ?? '')).catch((thrown: unknown) => {
  say(`failed ${String(thrown)}`)
})
