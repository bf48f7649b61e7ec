/** What the server of the dashboard tells its page. Times are ISO 8601, ages and lags in seconds. */

/** A finding of doctor. */
export type CheckView = {
  name: string
  status: 'ok' | 'failed' | 'warning' | 'skipped'
  code?: string
  message: string
  remedy?: string
}

export type HealthView = { at: string; checks: readonly CheckView[] }

export type RunView = {
  job: string
  startedAt: string
  endedAt: string
  outcome: string
  counts: Readonly<Record<string, number>>
  lagSeconds: number | null
  code?: string
  message?: string
}

/** A dead letter, or parked work. */
export type RecordView = {
  id: string
  action: string
  /** When it failed first. */
  since: string
  /** When it failed last. */
  at?: string | undefined
  age: number
  tries: number
  code?: string | undefined
  message?: string | undefined
  path?: string | undefined
  destination?: string | undefined
  nextTry?: string
}

/** The newest records of a kind, newest first, and how many there are. */
export type RecordsView = { total: number; shown: readonly RecordView[] }

export type PartView = { ok: boolean; message?: string; lastRunAt?: string; lastSuccessAgeSeconds?: number }

/** What is on record of a destination. */
export type DestinationView = {
  name: string
  isSetUp: boolean
  parked: number
  deadLetters: number
  /** The newest failure that is on record. */
  last: { at: string; code: string; message: string } | null
}

export type OverviewView = {
  at: string
  workspace: string | null
  ok: boolean
  lagSeconds: number | null
  parts: Readonly<Record<string, PartView>>
  /** Newest first. */
  runs: readonly RunView[]
  deadLetters: RecordsView
  pending: RecordsView
  destinations: readonly DestinationView[]
}

/** Something that could not be found out. */
export type ProblemView = { code: string; message: string }

export type RegistrationView = {
  id: string
  name: string
  target: string
  status: string
  health: 'ok' | 'unstable' | 'disabled'
}

export type SubscriptionView = {
  id: string
  subscriber: string
  isOwn: boolean
  status: string
  url: string
  events: readonly string[]
}

export type SurroundingsView = {
  at: string
  registrations: { items: readonly RegistrationView[] } | { problem: ProblemView }
  /** Null when the app takes no events of Akeneo. */
  akeneo: { items: readonly SubscriptionView[] } | { problem: ProblemView } | null
}

/** As `bridge asset --json` prints it. */
export type AssetView = {
  asset: { id: string | null; path: string | null; host: string | null }
  inStep: boolean
  skipped?: string
  match: { rule: string | null; candidates: readonly string[]; products: readonly string[] }
  changes: readonly {
    property: string
    rule: string
    old: unknown
    new: unknown
    action: 'write' | 'remove' | 'keep'
    why: string
  }[]
  destinations: readonly { name: string; due: boolean; why: string; key: string | null; state: string }[]
  deadLetters: readonly RecordView[]
  pending: readonly RecordView[]
  events: readonly {
    id: string
    type: string
    time: string | null
    host: string | null
    action: string | null
    problem?: string
  }[]
  journal: { since: string; read: readonly { entries: number; until: string | null; stopped: string }[] }
  problems?: readonly ProblemView[]
}

/** What became of records that were replayed, dropped or run. */
export type DoneView = {
  items: readonly { id: string; ok: boolean; outcome: string; message: string }[]
}
