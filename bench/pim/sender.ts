import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../sandbox/json'
import { httpAnswer } from '../../sandbox/runtime/http-answer'
import type { RuntimeStandIn } from '../../sandbox/runtime/runtime'

/** One delivery: the same event may be in several. */
export type Delivery = { body: string; beforehand?: () => void }

/** How the deliveries were answered. */
export type Sent = {
  requests: number
  accepted: number
  /** Answered 429; sent again. */
  putOff: number
  /** Everything that Akeneo counts against a subscription: another status, or none within five seconds. */
  failed: number
  /** By status. */
  statuses: Record<string, number>
  ms: { median: number; p99: number; most: number }
}

const mostPerSecond = 100
const leastPerSecond = 5
/** Akeneo gives up after that. */
const timeoutMs = 5_000
/** Akeneo repeats what was not answered minutes later: as good as at the end here. */
const mostTries = 20

/**
 * Sends signed events to `pim-events` as Akeneo's Event Platform does: one a request, up to a hundred a second, slower
 * after a 429 and faster again after a 200, whatever was not taken once more later.
 */
export async function sendAll(
  runtime: RuntimeStandIn,
  deliveries: readonly Delivery[],
  secret: string,
): Promise<Sent> {
  const statuses: Record<string, number> = {}
  const times: number[] = []
  const counts = { requests: 0, accepted: 0, putOff: 0, failed: 0 }
  let perSecond = mostPerSecond
  let queue = deliveries.map((delivery) => ({ delivery, tries: 0 }))

  while (queue.length > 0) {
    const again: typeof queue = []
    const open: Promise<void>[] = []
    let due = performance.now()
    for (const item of queue) {
      due = Math.max(due + 1000 / perSecond, performance.now() - 100)
      const wait = due - performance.now()
      if (wait > 1) await sleep(wait)
      item.delivery.beforehand?.()
      open.push(
        deliver(item.delivery.body).then((status) => {
          if (status === 200) return
          item.tries += 1
          if (item.tries < mostTries) again.push(item)
        }),
      )
    }
    await Promise.all(open)
    queue = again
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number => Math.round(times[Math.floor((times.length - 1) * share)] ?? 0)
  return { ...counts, statuses, ms: { median: at(0.5), p99: at(0.99), most: at(1) } }

  async function deliver(body: string): Promise<number | 'timeout'> {
    const begin = performance.now()
    const answer = runtime.invoke('pim-events', webRequest(body, secret)).then((it) => httpAnswer(it).status)
    const over = new AbortController()
    const late = sleep(timeoutMs, 'timeout' as const, { signal: over.signal }).catch(() => 'timeout' as const)
    const status = await Promise.race([answer, late])
    over.abort()
    times.push(performance.now() - begin)
    counts.requests += 1
    statuses[status] = (statuses[status] ?? 0) + 1
    if (status === 200) {
      counts.accepted += 1
      perSecond = Math.min(mostPerSecond, perSecond + 0.5)
    } else if (status === 429) {
      counts.putOff += 1
      perSecond = Math.max(leastPerSecond, perSecond / 2)
    } else counts.failed += 1
    return status
  }
}

/** The request as I/O Runtime hands it to a raw web action. */
const webRequest = (body: string, secret: string): JsonObject => ({
  __ow_method: 'post',
  __ow_path: '',
  __ow_query: '',
  __ow_headers: {
    'content-type': 'application/json',
    'user-agent': 'akeneo/event-platform',
    'x-akeneo-signature-algorithm': 'HmacSHA256',
    'x-akeneo-signature-primary': createHmac('sha256', secret).update(body).digest('hex'),
  },
  __ow_body: Buffer.from(body).toString('base64'),
})
