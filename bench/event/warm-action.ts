import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { productionNode } from '../production-node'
import { startPeer } from './child-process'

/** What a run of events took of the action's process, and of nothing else. */
export type Run = { ms: number; cpuMs: number; peakRssMb: number }

/** A loaded action in a process of its own. */
export type WarmAction = {
  /** @throws {Error} when an event is answered with anything but 200, or the process dies */
  run(events: readonly string[], atOnce: number): Promise<Run>
  close(): Promise<void>
}

const report = v.object({
  ms: v.number(),
  cpuMs: v.number(),
  peakRssMb: v.number(),
  failed: v.number(),
  failures: v.array(v.string()),
})

/** What Node gives itself in a container of 256 MB. */
const containerArgs = ['--max-old-space-size=256', '--max-semi-space-size=1']

/** Starts the Node of production with a bundle, as in a container of 256 MB. */
export async function startWarm(options: {
  bundle: string
  inputs: Readonly<Record<string, string>>
  env: Readonly<Record<string, string>>
}): Promise<WarmAction> {
  const { bundle, inputs, env } = options
  const peer = await startPeer(join(__dirname, 'action-process.cjs'), {
    args: [bundle],
    execPath: productionNode,
    execArgv: ['--no-deprecation', ...containerArgs],
    env: { ...env, HOME: tmpdir(), __OW_ACTION_NAME: '/namespace/asset-bridge/generic' },
    ready: v.object({ ready: v.literal(true) }),
  })
  const params = JSON.stringify(inputs)
  return {
    run: async (events, atOnce) => {
      const { failed, failures, ...run } = await peer.ask({ params, events: [...events], atOnce }, report)
      if (failed > 0) throw new Error(`${failed} of ${events.length} events failed: ${failures.join('; ')}`)
      return run
    },
    close: peer.close,
  }
}
