import { ourSide, rivalSide, type Side } from '../event/sides'
import { startUpstreams, type Upstreams } from '../event/upstreams'
import { startWarm } from '../event/warm-action'
import { inTurn } from '../harness/in-turn'
import type { Figure, Row } from '../harness/row'

const latencies = [50, 0] as const

/** What a burst took. */
type Burst = { eventsPerSecond: number; cpuMs: number; peakRssMb: number; requests: number }
type Round = Readonly<Record<(typeof latencies)[number], Burst>>

/** Many events at once in one container: how fast they are done, and in how much memory. */
export const burst: Row = {
  name: 'burst',
  question: 'How fast does one container of 256 MB work off a burst of events?',
  rival:
    'an action as tutorials write it, on @adobe/aio-sdk and node-fetch: a token and a call to the PIM an event, both at once, and a PATCH without a read; its connections are kept open, which node-fetch does not do by itself',
  options: { events: { what: 'how many' }, 'at-once': { what: 'events at the same time' } },
  run: async ({ isFull, rounds, oursOnly, number }) => {
    const count = number('events') ?? (isFull ? 5_000 : 500)
    const atOnce = number('at-once') ?? 100
    const upstreams = await startUpstreams()
    try {
      const bursting = (side: Side) => async (): Promise<Round> => ({
        50: await burstOf(side, upstreams, { count, atOnce, latencyMs: 50 }),
        0: await burstOf(side, upstreams, { count, atOnce, latencyMs: 0 }),
      })
      const ours = bursting(await ourSide(upstreams))
      const sides = oursOnly ? { ours } : { ours, rival: bursting(await rivalSide('tutorial', upstreams)) }
      const samples = await inTurn(sides, { rounds: rounds(2, 5), oursOnly, warmUp: 0 })
      return { figures: figuresOf(samples), notes: notesOf(count, atOnce) }
    } finally {
      await upstreams.close()
    }
  },
}

async function burstOf(
  side: Side,
  upstreams: Upstreams,
  { count, atOnce, latencyMs }: { count: number; atOnce: number; latencyMs: number },
): Promise<Burst> {
  const action = await startWarm({ ...side, env: upstreams.env })
  try {
    const events = await upstreams.add(count, latencyMs)
    const { ms, cpuMs, peakRssMb } = await action.run(events, atOnce)
    const { ims, aem, pim } = await upstreams.look()
    return {
      eventsPerSecond: count / (ms / 1000),
      cpuMs: cpuMs / count,
      peakRssMb,
      requests: (ims + aem + pim) / count,
    }
  } finally {
    await action.close()
  }
}

const figuresOf = ({ ours, rival }: { ours: readonly Round[]; rival: readonly Round[] }): Figure[] =>
  latencies.flatMap((latency) => {
    const figure = (
      name: string,
      unit: string,
      key: keyof Burst,
      more: Pick<Figure, 'better' | 'aim'> = { better: 'less' },
    ): Figure => {
      const of = (side: readonly Round[]): number[] => side.map((round) => round[latency][key])
      return {
        name: `${latency === 0 ? 'upstreams answer at once' : `upstreams take ${latency} ms`}: ${name}`,
        unit,
        ...more,
        ours: of(ours),
        ...(rival.length === 0 ? {} : { rival: of(rival) }),
      }
    }
    return [
      figure('events a second', '', 'eventsPerSecond', { better: 'more', aim: { times: 3 } }),
      figure('own CPU an event', 'ms', 'cpuMs'),
      figure('most memory', 'MB', 'peakRssMb', { better: 'less', aim: { atMost: 256 } }),
      figure('requests an event', '', 'requests'),
    ]
  })

const notesOf = (count: number, atOnce: number): string[] => [
  `${count.toLocaleString('en')} events, ${atOnce} at once, each on an asset of its own that is changed, in a new process of the Node of production with the memory settings of a container of 256 MB. No event failed on either side: one that did would fail the row.`,
  'Ours has at most 8 requests under way at AEM (`AEM_CONCURRENCY`) and 4 at the PIM (`concurrency` of the communicator), whatever comes. The rival has as many as there are events, at IMS, the PIM and AEM. The stand-ins refuse none and do not slow down, which is in favour of the rival: where an upstream takes 50 ms, 4 calls at once are 80 events a second at most.',
  'The PIM is a plain REST service, asked by both with the same GET. Ours also reads each asset before it writes. IMS, AEM and the PIM are stand-ins in another process, whose processor time is not counted; where they answer at once they are part of what limits the events a second.',
]
