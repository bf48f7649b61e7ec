import type { BridgeError } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import type { KnownSystems } from '../circuit-breaker'

/** How a run of a job went: of `export-batch`, `reconcile` or `pim-sync`. The edge renders it. */
export type RunResult = {
  /**
   * `stopped`: ended early by a limit or an outage; the next run continues. `skipped`: another run is in progress, or
   * nothing can be run.
   */
  outcome: 'done' | 'stopped' | 'failed' | 'skipped'
  /** Masked. */
  message: string
  error?: BridgeError
  counts: Readonly<Record<string, number>>
  /** Further fields of the job's report. */
  details: JsonObject
  /** Which systems were down at the end, and which worked. */
  systems?: KnownSystems
  /** Work that was still running when the run ended; resolves when it is done. */
  rest?: Promise<void>
}

/** A job that is built; or, where it is not set up, what to answer in place of a run. */
export type PreparedJob = (() => Promise<RunResult>) | { notSetUp: RunResult }
