import { limits } from './limits'

/** A backfill, and the systems that it works with. */
export type Scenario = {
  name: string
  assets: number
  /** Assets a page. */
  pageSize: number
  /** Requests to AEM a second, of all workers together. */
  rate: number
  /** Activations that do the pages; 0 when the command line does them. */
  workers: number
  /** The share of the assets that is written, from 0 to 1. */
  written: number
  /** The share of the assets that fail for now, from 0 to 1: the checkpoint names them until they are done again. */
  failing: number
  /** Seconds of AEM for one request; requests of a page at once. */
  aemSeconds: number
  aemAtOnce: number
  /** Seconds of the PIM for one call. */
  pimSeconds: number
  /** Seconds that one activation works on its page, after which it hands back what is left. */
  budgetSeconds: number
}

/** What it comes to. */
export type Figures = {
  hours: number
  aemRequests: number
  pimCalls: number
  pimAtOnce: number
  pimPerSecond: number
  activations: number
  activationsAtOnce: number
  activationsPerMinute: number
  stateKeys: number
  stateWrites: number
  stateBytesPerMinute: number
  stateValueBytes: number
}

/** One search a page, and as many again for what was imported in one moment: twice what was counted on the sandbox. */
const searchesPerPage = 2
/** A record of a backfill with its tally, each asset that is to be done again, and how many of these it may name. */
const recordBytes = 800
const againBytes = 90
const mostAgain = 5_000
/** One checkpoint a run, the lease of the run, and the order to pause or to end it. */
const keysPerRun = 3
/** A write of the checkpoint, and a look at the lease and at the order. */
const stateCallsPerPage = 3

/**
 * Plays the pages of a backfill one after the other in simulated time: each waits for a worker, for its share of the
 * requests to AEM, and for one of the PIM's calls. Pages end in the order of the library, for there is one checkpoint.
 */
export function simulate(scenario: Scenario): Figures {
  const {
    assets,
    pageSize,
    rate,
    workers,
    written,
    failing,
    aemSeconds,
    aemAtOnce,
    pimSeconds,
    budgetSeconds,
  } = scenario
  const pages = Math.ceil(assets / pageSize)
  const aem = createBucket(rate)
  const pim = createServers(limits.pim.atOnce)
  const pimStarts = createCounter(1)
  const activationStarts = createCounter(60)
  const stateBytes = createCounter(60)
  const ends: number[] = []
  let [aemRequests, pimCalls, activations, searched, again, valueBytes] = [0, 0, 0, 0, 0, 0]

  for (let page = 0; page < pages; page++) {
    const size = Math.min(pageSize, assets - page * pageSize)
    // As many pages are in progress as there are workers; the first of them ends first.
    const free = ends[page - Math.max(1, workers)] ?? 0
    const search = aem.take(Math.max(searched, free), searchesPerPage) + aemSeconds * searchesPerPage
    searched = search
    const read = Math.max(aem.take(search, size), search + (size / aemAtOnce) * aemSeconds)
    const calls = Math.ceil(size / limits.pim.productsPerCall)
    let asked = read
    for (let call = 0; call < calls; call++) {
      const began = pim.take(read, pimSeconds)
      pimStarts.add(began, 1)
      asked = Math.max(asked, began + pimSeconds)
    }
    const writes = Math.round(size * written)
    const done = Math.max(aem.take(asked, writes), asked + (writes / aemAtOnce) * aemSeconds)
    const end = Math.max(done, ends[page - 1] ?? 0)
    ends.push(end)

    aemRequests += size + writes + searchesPerPage
    pimCalls += calls
    again = Math.min(mostAgain, again + size * failing)
    valueBytes = recordBytes + again * againBytes
    stateBytes.add(end, valueBytes)
    const parts = workers === 0 ? 0 : Math.max(1, Math.ceil((done - search) / budgetSeconds))
    activations += parts
    for (let part = 0; part < parts; part++) activationStarts.add(search + part * budgetSeconds, 1)
  }
  return {
    hours: (ends.at(-1) ?? 0) / 3600,
    aemRequests,
    pimCalls,
    pimAtOnce: pim.most(),
    pimPerSecond: pimStarts.most(),
    activations,
    activationsAtOnce: workers,
    activationsPerMinute: activationStarts.most(),
    stateKeys: keysPerRun,
    stateWrites: pages * stateCallsPerPage,
    stateBytesPerMinute: stateBytes.most(),
    stateValueBytes: valueBytes,
  }
}

/** Requests at so many a second: `take` tells when the last of some has been sent. Pages come in any order of time. */
function createBucket(rate: number): { take(from: number, count: number): number } {
  const used = new Map<number, number>()
  return {
    take(from, count) {
      let left = count
      let second = Math.floor(from)
      while (true) {
        const sent = Math.min(left, rate - (used.get(second) ?? 0))
        used.set(second, (used.get(second) ?? 0) + sent)
        left -= sent
        if (left <= 0) return Math.max(from, second + (used.get(second) ?? 0) / rate)
        second++
      }
    },
  }
}

/** So many calls at once: `take` tells when the next one begins. */
function createServers(count: number): { take(from: number, seconds: number): number; most(): number } {
  const busyUntil = Array.from({ length: count }, () => 0)
  let most = 0
  return {
    take(from, seconds) {
      const index = busyUntil.indexOf(Math.min(...busyUntil))
      const began = Math.max(from, busyUntil[index] ?? 0)
      busyUntil[index] = began + seconds
      most = Math.max(most, busyUntil.filter((until) => until > began).length)
      return began
    },
    most: () => most,
  }
}

/** The most that came in one window of so many seconds. */
function createCounter(seconds: number): { add(at: number, amount: number): void; most(): number } {
  const windows = new Map<number, number>()
  return {
    add(at, amount) {
      const window = Math.floor(at / seconds)
      windows.set(window, (windows.get(window) ?? 0) + amount)
    },
    most: () => [...windows.values()].reduce((most, amount) => Math.max(most, amount), 0),
  }
}

/** A figure against its limit. */
export type Check = { figure: string; value: number; limit: number }

/** What has to stay below a limit of a system. */
export const checksOf = (scenario: Scenario, figures: Figures): readonly Check[] => [
  { figure: 'activations at once', value: figures.activationsAtOnce, limit: limits.runtime.atOnce },
  {
    figure: 'activations a minute',
    value: figures.activationsPerMinute,
    limit: limits.runtime.invocationsPerMinute,
  },
  {
    figure: 'seconds of an activation',
    value: scenario.budgetSeconds,
    limit: limits.runtime.blockingSeconds,
  },
  { figure: 'keys in State', value: figures.stateKeys, limit: limits.state.keys },
  {
    figure: 'bytes to State a minute',
    value: figures.stateBytesPerMinute,
    limit: limits.state.bytesPerMinute,
  },
  { figure: 'bytes of a checkpoint', value: figures.stateValueBytes, limit: limits.state.valueBytes },
  { figure: 'calls to the PIM at once', value: figures.pimAtOnce, limit: limits.pim.atOnce },
  { figure: 'calls to the PIM a second', value: figures.pimPerSecond, limit: limits.pim.callsPerSecond },
  { figure: 'calls to the PIM', value: figures.pimCalls, limit: scenario.assets / 50 },
]
