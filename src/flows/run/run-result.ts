import type { BridgeError } from '../../core/errors'
import type { JsonObject } from '../../core/json'

/** How a run of a job went: of `export-batch`, `reconcile` or `pim-sync`. The edge renders it. */
export type RunResult = {
  /** `stopped`: before the end, for a limit or an outage; the next run goes on. `skipped`: another run is at it. */
  outcome: 'done' | 'stopped' | 'failed' | 'skipped'
  /** Masked. */
  message: string
  error?: BridgeError
  counts: Readonly<Record<string, number>>
  /** What else the job tells of itself. */
  details: JsonObject
  /** What was still going on when the run ended; resolves when it is over. */
  rest?: Promise<void>
}
