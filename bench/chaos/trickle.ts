import type { Sandbox } from '../../sandbox/sandbox'
import type { HttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { type Due, isEnriched, publishMore } from './backlog'

/** What comes while the backlog is drained: an export and an enrichment before each run. */
export type Trickle = {
  add(): void
  /** Called after a run that came to the end of the journal. @param withFiles whether AEM gave files meanwhile */
  look(options: { withFiles: boolean }): void
  /** The most runs that left one of them undone. */
  longestWait(): number
}

/** Creates it; what it adds is due. */
export function createTrickle(sandbox: Sandbox, endpoint: HttpsEndpoint, due: Due): Trickle {
  const open: { isDone: () => boolean; needsFile: boolean; runs: number }[] = []
  let count = 0
  let longest = 0
  return {
    add() {
      count += 1
      const { key, enriched } = publishMore(sandbox, due, count)
      open.push({ isDone: () => endpoint.list().includes(key), needsFile: true, runs: 0 })
      open.push({ isDone: () => isEnriched(sandbox, enriched), needsFile: false, runs: 0 })
    },
    look({ withFiles }) {
      for (const one of open.splice(0)) {
        if (one.isDone()) continue
        if (withFiles || !one.needsFile) one.runs += 1
        longest = Math.max(longest, one.runs)
        open.push(one)
      }
    },
    longestWait: () => longest,
  }
}
