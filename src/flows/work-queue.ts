import type { Outcome, Work } from './perform'

/** A piece of work that waits for its turn, and what depends on it. */
export type Job = {
  work: Work
  /** Jobs of one subject are done one after the other; one that waits takes over from the one before. */
  subject: string | undefined
  /** How many events it stands for. */
  events: number
  /** Called in the end, whatever the outcome; what it throws ends the whole run. */
  settle: (outcome: Outcome) => Promise<void>
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
  /** Those that have begun and are not done. */
  running(): readonly Job[]
}

/** Creates a queue that works at once on whatever is added. */
export function createWorkQueue(lanes: readonly Lane[], maxWaiting: number): WorkQueue {
  const waiting: Job[] = []
  const bySubject = new Map<string, Job>()
  const busy = new Set<string>()
  const running = new Set<Job>()
  const free = [...lanes]
  let failure: { reason: unknown } | undefined
  let isStopped = false
  let wakers: (() => void)[] = []

  return { add, idle, stop, running: () => [...running] }

  async function add(job: Job): Promise<void> {
    while (waiting.length >= maxWaiting && !isStopped) await change()
    throwIfFailed()
    if (isStopped) return
    const before = job.subject === undefined ? undefined : bySubject.get(job.subject)
    if (before === undefined) {
      waiting.push(job)
      if (job.subject !== undefined) bySubject.set(job.subject, job)
    } else {
      // The newer event stands for both: what is done looks at the asset as it is.
      const settleBoth = [before.settle, job.settle]
      before.work = job.work
      before.events += job.events
      before.settle = async (outcome) => {
        for (const settle of settleBoth) await settle(outcome)
      }
    }
    dispatch()
  }

  async function idle(): Promise<void> {
    while (running.size > 0 || (waiting.length > 0 && !isStopped)) await change()
    throwIfFailed()
  }

  function stop(reason?: unknown): void {
    if (reason !== undefined) failure ??= { reason }
    isStopped = true
    waiting.length = 0
    bySubject.clear()
    wake()
  }

  function dispatch(): void {
    for (let index = 0; index < free.length && waiting.length > 0; ) {
      const lane = free[index]
      const jobs = lane === undefined ? [] : take(lane)
      if (lane === undefined || jobs.length === 0) {
        index += 1
        continue
      }
      free.splice(index, 1)
      void work(lane, jobs).finally(() => {
        free.push(lane)
        dispatch()
        wake()
      })
    }
  }

  function take(lane: Lane): Job[] {
    const jobs: Job[] = []
    for (let index = 0; index < waiting.length && jobs.length < lane.size; ) {
      const job = waiting[index]
      const isBusy = job?.subject !== undefined && busy.has(job.subject)
      if (job === undefined || isBusy || (job.isLocal && !lane.isLocal)) {
        index += 1
        continue
      }
      waiting.splice(index, 1)
      if (job.subject !== undefined) {
        if (bySubject.get(job.subject) === job) bySubject.delete(job.subject)
        busy.add(job.subject)
      }
      running.add(job)
      jobs.push(job)
    }
    return jobs
  }

  async function work(lane: Lane, jobs: readonly Job[]): Promise<void> {
    try {
      const outcomes = await lane.run(jobs.map((job) => job.work))
      for (const [index, job] of jobs.entries()) {
        const outcome = outcomes[index]
        if (outcome !== undefined) await job.settle(outcome)
        else if (!isStopped) again(job)
      }
    } catch (thrown) {
      stop(thrown)
    } finally {
      for (const job of jobs) {
        running.delete(job)
        if (job.subject !== undefined) busy.delete(job.subject)
      }
    }
  }

  function again(job: Job): void {
    job.isLocal = true
    waiting.unshift(job)
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
