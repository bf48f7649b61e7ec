import * as v from 'valibot'
import type { Side } from '../event/sides'
import type { Upstreams } from '../event/upstreams'
import type { Containers } from './container'

/** What the first event of a container took. */
export type FirstEvent = { ms: number; requests: number }

const answer = v.object({ statusCode: v.literal(200) })

/**
 * From the spawn of a process to the answer to its first event, which changes an asset.
 * @returns does that once @throws {Error} when the asset is not changed as it has to be
 */
export async function firstEvents(
  { bundle, inputs }: Side,
  { upstreams, containers }: { upstreams: Upstreams; containers: Containers },
): Promise<() => Promise<FirstEvent>> {
  const code = await containers.codeOf(bundle)
  const env = { ...upstreams.env, __OW_ALLOW_CONCURRENT: 'true' }
  return async () => {
    const [event] = await upstreams.add(1)
    const value = { ...inputs, ...v.parse(v.record(v.string(), v.unknown()), JSON.parse(event ?? '')) }
    const started = performance.now()
    const container = await containers.start(env)
    try {
      await container.post('/init', { value: { name: 'generic', main: 'main', ...code, env } })
      const body = await container.post('/run', {
        value,
        action_name: '/namespace/asset-bridge/generic',
        activation_id: '0123456789abcdef0123456789abcdef',
        deadline: `${Date.now() + 60_000}`,
      })
      const ms = performance.now() - started
      const answered = v.safeParse(answer, JSON.parse(body))
      if (!answered.success) throw new Error(`the first event was answered with ${body}`)
      const { ims, aem, pim, state } = await upstreams.look()
      return { ms, requests: ims + aem + pim + state }
    } finally {
      await container.kill()
    }
  }
}
