import { ourSide, rivalSide, type Side } from '../event/sides'
import { startUpstreams, type Upstreams } from '../event/upstreams'
import type { PimKind } from '../event/upstreams-messages'
import { startWarm } from '../event/warm-action'
import { inTurn } from '../harness/in-turn'
import type { Figure, Row } from '../harness/row'

/** What the upstreams are like. */
type Setting = { name: string; pim: PimKind; latencyMs: number }

const settings: readonly Setting[] = [
  { name: 'Akeneo', pim: 'akeneo', latencyMs: 50 },
  { name: 'a PIM without limits', pim: 'plain', latencyMs: 50 },
  { name: 'a PIM without limits, all answer at once', pim: 'plain', latencyMs: 0 },
]

/** What a burst took. */
type Burst = { eventsPerSecond: number; cpuMs: number; peakRssMb: number; requests: number; pim: number }
type Round = readonly Burst[]
type Making = (upstreams: Upstreams, pim: PimKind) => Promise<Side>

/** Many events at once in one container: how fast they are done, and in how much memory. */
export const burst: Row = {
  name: 'burst',
  question: 'How fast does one container of 256 MB work off a burst of events?',
  rival:
    'an action as tutorials write it, on @adobe/aio-sdk and node-fetch: a token and a call to the PIM an event, both at once, and a PATCH without a read; its connections are kept open, which node-fetch does not do by itself; Akeneo is asked with a kept token, four calls at once, and what it refuses is repeated',
  options: { events: { what: 'how many' }, 'at-once': { what: 'events at the same time' } },
  run: async ({ isFull, rounds, oursOnly, number }) => {
    const count = number('events') ?? (isFull ? 5_000 : 300)
    const atOnce = number('at-once') ?? 100
    const upstreams = await startUpstreams()
    try {
      const bursting = (make: Making) => async (): Promise<Round> => {
        const round: Burst[] = []
        for (const setting of settings) {
          const side = await make(upstreams, setting.pim)
          round.push(await burstOf(side, upstreams, { ...setting, count, atOnce }))
        }
        return round
      }
      const ours = bursting(ourSide)
      const sides = oursOnly ? { ours } : { ours, rival: bursting((...of) => rivalSide('tutorial', ...of)) }
      const samples = await inTurn(sides, { rounds: rounds(1, 3), oursOnly, warmUp: 0 })
      return { figures: figuresOf(samples), notes: notesOf(count, atOnce) }
    } finally {
      await upstreams.close()
    }
  },
}

async function burstOf(
  { bundle, inputs }: Side,
  upstreams: Upstreams,
  { count, atOnce, latencyMs, pim }: Setting & { count: number; atOnce: number },
): Promise<Burst> {
  const action = await startWarm({ bundle, inputs, env: upstreams.env })
  try {
    const events = await upstreams.add(count, latencyMs, pim)
    const { ms, cpuMs, peakRssMb } = await action.run(events, atOnce)
    const seen = await upstreams.look()
    return {
      eventsPerSecond: count / (ms / 1000),
      cpuMs: cpuMs / count,
      peakRssMb,
      requests: (seen.ims + seen.aem + seen.pim) / count,
      pim: seen.pim / count,
    }
  } finally {
    await action.close()
  }
}

const figuresOf = ({ ours, rival }: { ours: readonly Round[]; rival: readonly Round[] }): Figure[] =>
  settings.flatMap(({ name: setting }, index) => {
    const figure = (
      name: string,
      unit: string,
      key: keyof Burst,
      more: Pick<Figure, 'better' | 'aim'> = { better: 'less' },
    ): Figure => {
      const of = (side: readonly Round[]): number[] =>
        side.flatMap((round) => round.slice(index, index + 1)).map((one) => one[key])
      return {
        name: `${setting}: ${name}`,
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
      figure('calls to the PIM an event', '', 'pim'),
    ]
  })

const notesOf = (count: number, atOnce: number): string[] => [
  `${count.toLocaleString('en')} events, ${atOnce} at once, each on an asset of its own that is changed, in a new process of the Node of production with the memory settings of a container of 256 MB. No event failed on either side: one that did would fail the row.`,
  'IMS, AEM and the PIM are stand-ins in another process, whose processor time is not counted, and answer after 50 ms, but for the last setting. Akeneo takes what it documents: four calls at once and a hundred in a second; a call takes it 50 ms whether it asks for one product or for a hundred, which is in favour of ours. The other PIM, a plain REST service, takes all that come, and so does AEM: that is in favour of the rival, which asks as many at once as there are events.',
  'Ours reads each asset before it writes. It begins with 8 requests under way at AEM and 4 at a REST API, and finds out how many more they take, up to 40 and 16 (`AEM_CONCURRENCY`, and `concurrency` of the communicator): what it has not found out yet counts, in a short burst more than in a long one. Events that come together ask Akeneo together; a REST API is asked for each product.',
]
