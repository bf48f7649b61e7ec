import type { Outcome, Work } from './perform'

/** A piece of work that waits for its turn, and what depends on it. */
export type Job = {
  work: Work
  /** Jobs of one subject are done one after the other; those that wait together are done as one, the last one. */
  subject: string | undefined
  /** Told the outcome first; once for all that are done as one. */
  learn(outcome: Outcome): void
  /** Called in the end, whatever the outcome; what it throws ends the whole run. */
  settle(outcome: Outcome): Promise<void>
}

/** Jobs that are done as one. */
type Bundle = {
  subject: string | undefined
  jobs: [Job, ...Job[]]
  /** The one that is done for all. */
  newest: Job
  /** Set when a lane for the others could not do it. */
  isLocal?: boolean
}

/** Does jobs, several at a time. */
export type Lane = {
  /** How many jobs it takes at once. */
  size: number
  /** Whether it does those that other lanes could not. */
  isLocal: boolean
  /** In the order of the works; undefined for one that was not done, and has to be done by a local lane. */
  run(works: readonly Work[]): Promise<readonly (Outcome | undefined)[]>
}

export type WorkQueue = {
  /** Adds a job; waits while there are too many. @throws what ended the work */
  add(job: Job): Promise<void>
  /** Waits until everything is done. @throws what ended the work */
  idle(): Promise<void>
  /** Forgets what has not begun; what has is finished. */
  stop(reason?: unknown): void
  /** Those that have begun and are not done; what stands in for one of them here is settled in its place. */
  running(): readonly Job[][]
}

/** So many times more may wait when several are done as one: each is kept with its event. */
const maxTogether = 10

/** Creates a queue that works at once on whatever is added. */
export function createWorkQueue(lanes: readonly Lane[], maxWaiting: number): WorkQueue {
  const waiting: Bundle[] = []
  const bySubject = new Map<string, Bundle>()
  const busy = new Set<string>()
  const running = new Set<Bundle>()
  /** Jobs in all that wait. */
  let held = 0
  const free = [...lanes]
  let failure: { reason: unknown } | undefined
  let isStopped = false
  let wakers: (() => void)[] = []

  return { add, idle, stop, running: () => [...running].map(({ jobs }) => jobs) }

  async function add(job: Job): Promise<void> {
    while (isFull() && !isStopped) await change()
    throwIfFailed()
    if (isStopped) return
    const before = job.subject === undefined ? undefined : bySubject.get(job.subject)
    if (before === undefined) {
      const bundle: Bundle = { subject: job.subject, jobs: [job], newest: job }
      waiting.push(bundle)
      if (job.subject !== undefined) bySubject.set(job.subject, bundle)
    } else {
      // The newer event stands for all: what is done looks at the asset as it is.
      before.jobs.push(job)
      before.newest = job
    }
    held += 1
    dispatch()
  }

  function isFull(): boolean {
    return waiting.length >= maxWaiting || held >= maxWaiting * maxTogether
  }

  async function idle(): Promise<void> {
    while (running.size > 0 || (waiting.length > 0 && !isStopped)) await change()
    throwIfFailed()
  }

  function stop(reason?: unknown): void {
    if (reason !== undefined) failure ??= { reason }
    isStopped = true
    waiting.length = 0
    held = 0
    bySubject.clear()
    wake()
  }

  function dispatch(): void {
    for (let index = 0; index < free.length && waiting.length > 0; ) {
      const lane = free[index]
      const bundles = lane === undefined ? [] : take(lane)
      if (lane === undefined || bundles.length === 0) {
        index += 1
        continue
      }
      free.splice(index, 1)
      void work(lane, bundles).finally(() => {
        free.push(lane)
        dispatch()
        wake()
      })
    }
  }

  function take(lane: Lane): Bundle[] {
    const bundles: Bundle[] = []
    for (let index = 0; index < waiting.length && bundles.length < lane.size; ) {
      const bundle = waiting[index]
      const isBusy = bundle?.subject !== undefined && busy.has(bundle.subject)
      if (bundle === undefined || isBusy || (bundle.isLocal && !lane.isLocal)) {
        index += 1
        continue
      }
      waiting.splice(index, 1)
      held -= bundle.jobs.length
      if (bundle.subject !== undefined) {
        if (bySubject.get(bundle.subject) === bundle) bySubject.delete(bundle.subject)
        busy.add(bundle.subject)
      }
      running.add(bundle)
      bundles.push(bundle)
    }
    return bundles
  }

  async function work(lane: Lane, bundles: readonly Bundle[]): Promise<void> {
    try {
      const outcomes = await lane.run(bundles.map(({ newest }) => newest.work))
      for (const [index, bundle] of bundles.entries()) {
        const outcome = outcomes[index]
        if (outcome !== undefined) await settle(bundle, outcome)
        else if (!isStopped) again(bundle)
      }
    } catch (thrown) {
      stop(thrown)
    } finally {
      for (const bundle of bundles) {
        running.delete(bundle)
        if (bundle.subject !== undefined) busy.delete(bundle.subject)
      }
    }
  }

  async function settle({ jobs, newest }: Bundle, outcome: Outcome): Promise<void> {
    newest.learn(outcome)
    for (const job of jobs) await job.settle(outcome)
  }

  function again(bundle: Bundle): void {
    bundle.isLocal = true
    waiting.unshift(bundle)
    held += bundle.jobs.length
  }

  function throwIfFailed(): void {
    if (failure !== undefined) throw failure.reason
  }

  function change(): Promise<void> {
    return new Promise((resolve) => wakers.push(resolve))
  }

  function wake(): void {
    const woken = wakers
    wakers = []
    for (const resolve of woken) resolve()
  }
}
