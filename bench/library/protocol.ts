/** What the stand-ins of a library are started with. */
export type StandInOptions = {
  assets: number
  /** How long AEM takes for each answer, besides what it needs. */
  latencyMs: number
  /** Whether the built export-worker is deployed, too. */
  hasWorkers: boolean
}

/** What they tell when they are ready. */
export type Ready = {
  operatorEnv: Record<string, string>
  activationEnv: Record<string, string>
  inputs: Record<string, string>
  pim: { url: string; apiKey: string }
}

/** Requests since they were asked the last time. */
export type Counts = {
  searches: number
  reads: number
  patches: number
  pim: number
  state: number
  activations: number
}

/** What they are asked; the answer has the same id. */
export type Asked = { id: number } & (
  | { what: 'prepare'; offEvery: number }
  | { what: 'lacking' | 'counts' | 'forget' | 'cpu' | 'close' }
  | { what: 'advance'; ms: number }
)

/** Processor time of the stand-ins themselves, and of the containers of activations, in milliseconds. */
export type Cpu = { standInsMs: number; workersMs: number }

/** The id under which they tell, without being asked, that AEM got the first request since the counts were asked for. */
export const firstRequest = 0
