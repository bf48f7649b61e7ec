import { ourSide, rivalSide, type Side } from '../event/sides'
import { startUpstreams, type Upstreams } from '../event/upstreams'
import { startWarm } from '../event/warm-action'
import { inTurn } from '../harness/in-turn'
import type { Figure, Row } from '../harness/row'

/** Until V8 has compiled what runs often. */
const warmUpEvents = 300

/** What one event takes, on the average of a round. */
type Cost = { cpuMs: number; beyondMs: number; ims: number; aem: number; writes: number; pim: number }
type Round = { changing: Cost; inStep: Cost }

/** One event after the other in a warm process: its processor time, its requests, and its time beyond theirs. */
export const warm: Row = {
  name: 'warm',
  question: 'What does a warm event cost?',
  rival:
    'an action as tutorials write it, on @adobe/aio-sdk and node-fetch: a token and a call to the PIM an event, both at once, and a PATCH without a read; its connections are kept open, which node-fetch does not do by itself',
  options: { events: { what: 'events a round' } },
  run: async ({ isFull, rounds, oursOnly, number }) => {
    const count = number('events') ?? (isFull ? 1_000 : 200)
    const upstreams = await startUpstreams()
    const closing: { close(): Promise<void> }[] = [upstreams]
    try {
      const start = async (side: Side): Promise<() => Promise<Round>> => {
        const action = await startWarm({ ...side, env: upstreams.env })
        closing.push(action)
        await action.run(await upstreams.add(warmUpEvents), 1)
        await action.run(await upstreams.again(), 1)
        return async () => {
          const changing = await measure(await upstreams.add(count))
          const inStep = await measure(await upstreams.again())
          return { changing, inStep }
        }
        async function measure(events: readonly string[]): Promise<Cost> {
          const { ms, cpuMs } = await action.run(events, 1)
          return costOf(ms, cpuMs, events.length, upstreams)
        }
      }
      const ours = await start(await ourSide(upstreams))
      const sides = oursOnly ? { ours } : { ours, rival: await start(await rivalSide('tutorial', upstreams)) }
      const samples = await inTurn(sides, { rounds: rounds(5, 9), oursOnly })
      return { figures: figuresOf(samples), notes }
    } finally {
      for (const one of closing.reverse()) await one.close()
    }
  },
}

async function costOf(ms: number, cpuMs: number, count: number, upstreams: Upstreams): Promise<Cost> {
  const { busyMs, ims, aem, writes, pim } = await upstreams.look()
  return {
    cpuMs: cpuMs / count,
    beyondMs: (ms - busyMs) / count,
    ims: ims / count,
    aem: aem / count,
    writes: writes / count,
    pim: pim / count,
  }
}

const situations = [
  ['changing', 'the asset is changed'],
  ['inStep', 'the asset is in step'],
] as const

const columns: readonly (readonly [name: string, unit: string, key: keyof Cost, atMost?: number])[] = [
  ['own CPU', 'ms', 'cpuMs', 3],
  ['time beyond the upstreams', 'ms', 'beyondMs'],
  ['requests to IMS', '', 'ims'],
  ['requests to AEM', '', 'aem', 2],
  ['of these, writes', '', 'writes'],
  ['requests to the PIM', '', 'pim', 1],
]

const figuresOf = ({ ours, rival }: { ours: readonly Round[]; rival: readonly Round[] }): Figure[] =>
  situations.flatMap(([situation, text]) =>
    columns.map(([name, unit, key, atMost]): Figure => {
      const of = (side: readonly Round[]): number[] => side.map((round) => round[situation][key])
      return {
        name: `${text}: ${name}`,
        unit,
        better: 'less',
        ours: of(ours),
        ...(rival.length === 0 ? {} : { rival: of(rival) }),
        ...(atMost === undefined ? {} : { aim: { atMost } }),
      }
    }),
  )

const notes = [
  'One event after the other, each on an asset of its own, in one process of the Node of production with the memory settings of a container of 256 MB. IMS, AEM and the PIM are stand-ins in another process and answer at once; their processor time is not counted.',
  'Own CPU is user and system time of the whole process: JSON of the inputs, logging and garbage collection are in it. Time beyond the upstreams is what an event takes less the time in which a stand-in was answering.',
  'The PIM is a plain REST service with a key, asked by both with the same GET: with one that gives tokens, a token an event would be added to the rival. Eight attributes are written.',
  'An asset in step has its event delivered a second time. The rival writes it again, which gives it a new version in AEM and causes a metadata event; ours does not. The stand-in of AEM lets a patch add what is there already, or the rival would need a read.',
]
