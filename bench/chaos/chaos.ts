import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { seededRandom } from '../../sandbox/faults'
import { isJsonObject } from '../../sandbox/json'
import { startSandbox } from '../../sandbox/sandbox'
import { startHttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { fillJournal } from './backlog'
import { isDrained, leftOvers, lettered, problemsIn, writtenAgain } from './check'
import { type Child, createFastClock, startChild } from './child'
import { injectFaults } from './faults'
import { createTrickle } from './trickle'

export type ChaosOptions = {
  /** The built action export-batch: its index.js. */
  bundle: string
  seed: number
  events: number
  /** SIGKILLs, while there is something to do. */
  kills: number
  /** Of all calls to a stand-in, from 0 to 1. @default 0.2 */
  faults?: number
  /** `EXPORT_MAX_ATTEMPTS` @default 10 */
  attempts?: number
  /** How far apart the runs are while the blob store is down for a day, in hours. @default 6 */
  outageStepHours?: number
  /** Hears what is going on. */
  say?: (line: string) => void
}

export type ChaosReport = {
  seed: number
  events: number
  kills: number
  /** Activations that were started. */
  runs: number
  /** Of those that came to their end, by outcome or code of error. */
  outcomes: Record<string, number>
  faults: number
  requests: number
  /** Share of the requests that failed on purpose. */
  faultShare: number
  seconds: number
  /** Files that were written more than once, because the answer, or the process, was lost. */
  writtenAgain: number
  /** Of the runs that came to the end of the journal, how many left a later file or enrichment undone, at most. */
  longestWait: number
  /** Runs during which the blob store was down. */
  outageRuns: number
  /** Most that were parked at a time between two runs. */
  mostParked: number
  deadLetters: number
  /** Hidden, unfinished files that killed runs left behind. */
  leftOvers: number
  peakRssMb: number
  /** Everything that is not as it has to be. */
  problems: string[]
}

/** The clock runs faster than time, so that even short runs get to save their cursor. */
const rate = 8
const minute = 60_000
const day = 24 * 60 * minute
/** With a fault in every fifth call, one of ten thousand files fails five times in a row by chance alone. */
const usualAttempts = 10
const maxRuns = 400
/** More runs in a row than chance makes of faults. */
const mayWait = 3

/**
 * Fills a journal and has the built export-batch drain it while every system fails by chance, AEM's blob store is down
 * for a day, a firewall refuses names, and the process is killed at random moments; meanwhile a little more comes before
 * each run. Then looks whether everything is as it has to be. The same seed gives the same backlog, faults
 * and kills, as far as the machine's own timing allows.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { bundle, seed, events, kills, faults: share = 0.2, say = () => undefined } = options
  const { attempts = usualAttempts, outageStepHours = 6 } = options
  const begin = performance.now()
  const clock = createFastClock(rate)
  const sandbox = await startSandbox({ clock })
  const endpoint = await startHttpsEndpoint()
  try {
    const due = fillJournal(sandbox, events, seed)
    const faults = injectFaults(sandbox, endpoint, { seed, share, edited: due.edited })
    const trickle = createTrickle(sandbox, endpoint, due)
    const { ims, aem, state, journal } = sandbox
    const servers = [ims, aem, aem.blobs, state, journal, endpoint]
    const requests = (): number => servers.reduce((sum, server) => sum + server.requests.length, 0)
    const random = seededRandom(seed)
    const outcomes: Record<string, number> = {}
    // So that the last kill comes before the work is done: each event takes five requests or more.
    const between = (events * 5) / kills
    let killed = 0
    let runs = 0
    let mostParked = 0
    let peakRssMb = 0
    let outageRuns = 0
    // When the first process has done something.
    const outageFrom = Math.ceil(kills / 6)
    let outage: { until: number; end(): void } | undefined
    const isOutageOver = (): boolean => outageRuns > 0 && outage === undefined
    const hasAllLetters = (): boolean => {
      const seen = lettered(sandbox)
      return [...due.letters].every((id) => seen.has(id))
    }

    while (runs < maxRuns) {
      runs += 1
      const isAfterOutage = isOutageOver()
      if (runs === outageFrom + 1) outage = { until: clock.now() + day, end: faults.stopBlobs() }
      if (outage !== undefined) outageRuns += 1
      if (!isOutageOver() || !hasAllLetters()) trickle.add()
      const child = start()
      const isKilled = killed < kills && (await killAfter(child, requests, Math.ceil(random() * 2 * between)))
      if (isKilled) killed += 1
      const end = await child.ended
      if (end !== undefined) {
        const outcome = outcomeOf(end.answer)
        if (outcome === 'done') trickle.look({ withFiles: outage === undefined })
        // What is refused by its name takes some runs more, in which nothing else is left to fail.
        if (outcome === 'done' && isAfterOutage && killed === kills) faults.calm()
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        peakRssMb = Math.max(peakRssMb, end.usage.maxRssMb)
      }
      const parked = state.keys().filter((key) => key.startsWith('pending.')).length
      mostParked = Math.max(mostParked, parked)
      say(
        `${Math.round((performance.now() - begin) / 100) / 10} s: run ${runs}, ${requests()} requests: ${end === undefined ? 'killed' : outcomeOf(end.answer)}, ${parked} parked`,
      )
      if (end !== undefined && isOutageOver() && hasAllLetters() && isDrained(sandbox)) break
      // The next alarm; when all that is left waits for its time, one of the later ones.
      const step = outage === undefined ? 61 * minute : outageStepHours * 60 * minute
      clock.advance(end === undefined ? 10 * minute : step)
      if (outage !== undefined && clock.now() >= outage.until) {
        outage.end()
        outage = undefined
      }
    }
    await endpoint.quiet()
    const longestWait = trickle.longestWait()
    const problems = await problemsIn({ sandbox, endpoint, due, faults, kills: killed })
    return {
      seed,
      events,
      kills: killed,
      runs,
      outcomes,
      faults: faults.count(),
      requests: requests(),
      faultShare: faults.count() / requests(),
      seconds: (performance.now() - begin) / 1000,
      writtenAgain: writtenAgain(endpoint),
      longestWait,
      outageRuns,
      mostParked,
      deadLetters: state.keys().filter((key) => key.startsWith('dead-letter.')).length,
      leftOvers: await leftOvers(sandbox),
      peakRssMb,
      problems: [
        ...problems,
        ...(longestWait > mayWait ? [`something was held up for ${longestWait} runs`] : []),
      ],
    }
  } finally {
    await endpoint.close()
    await sandbox.close()
  }

  function start(): Child {
    const inputs = { HTTPS_URL: `${endpoint.url}/files/{key}`, HTTPS_HEAD: 'x-held-version' }
    const limits = {
      EXPORT_MAX_EVENTS: '1000000',
      EXPORT_CONCURRENCY: '64',
      AEM_CONCURRENCY: '64',
      EXPORT_MAX_ATTEMPTS: String(attempts),
    }
    return startChild({
      bundle,
      params: { ...sandbox.inputs(), ...inputs, ...limits, LOG_LEVEL: 'warn' },
      env: {
        PATH: process.env.PATH ?? '',
        HOME: tmpdir(),
        ...sandbox.env(),
        __OW_ACTIVATION_ID: randomUUID().replaceAll('-', ''),
        __OW_ACTION_NAME: '/ns/asset-bridge/export-batch',
      },
      clock,
    })
  }
}

/** Kills a child when the stand-ins have had so many more requests; false when it ended before. */
async function killAfter(child: Child, requests: () => number, count: number): Promise<boolean> {
  const end = requests() + count
  let isOver = false
  const over = child.ended.then(() => {
    isOver = true
  })
  while (!isOver && requests() < end) {
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 2))])
  }
  return !isOver && child.kill()
}

function outcomeOf(answer: unknown): string {
  if (!isJsonObject(answer as never)) return 'no object'
  const { error, body } = answer as Record<string, unknown>
  const said = (error as { body?: Record<string, unknown> } | undefined)?.body ?? body
  const { outcome, code } = (said ?? {}) as Record<string, unknown>
  return [outcome, code].filter((it) => it !== undefined).join(' ')
}
