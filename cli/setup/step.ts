import type { Environment } from '../environment'

/** What a step of the setup did, found as it should be, or leaves to a person. */
export type SetupItem =
  /** `what` names it, such as `.env.stage` or `registration "asset-bridge: processing completed"`. */
  { kind: 'changed' | 'unchanged'; what: string } | Manual

/** What is left to a person. */
export type Manual = {
  kind: 'manual'
  what: string
  /** The exact place, such as `Cloud Manager > Pipelines`. */
  where: string
  /** What to put there, in the project's folder. */
  file?: string
  /** An event registration, which the next deployment makes: it is left to nobody then. */
  awaitsDeployment?: true
}

/** What the user has decided, by options or by answers; each is valid. */
export type SetupAnswers = {
  /** `stage`, `production` or another name: of `.env.<name>`. */
  env: string
  /** The origin of the AEM author. */
  author: string
  /** Below `/content/dam`, without a slash at the end: where the app may write. At least one. */
  folders: readonly string[]
  /** A key of the communicators in `config/enrichment.ts`. */
  pim: string
  /** Keys of the destinations in `config/destinations.ts`. */
  destinations: readonly string[]
  /** `--event-proxy`: their AEM has the older event proxy, and `aem/` gets the files that have it send publications. */
  eventProxy?: boolean
  /** Where Akeneo's events go, in place of the deployed action `pim-events`. */
  hook?: string | undefined
  /** Who is told when Akeneo suspends the subscription; needed the first time. */
  email?: string | undefined
}

/** What every step works with. */
export type SetupContext = {
  /** Nothing is written anywhere: items tell what would be. */
  dryRun: boolean
  /** The project's folder, absolute. */
  root: string
  /** Opened with the answers as they stand in `.env.<name>`, also in a dry run. */
  environment: Environment
  /** The actions are deployed before, or would be, were it no dry run. */
  deploys?: boolean
}

/**
 * One part of the setup. It compares, and changes only what differs, so that it may be run again at any time.
 * @throws {BridgeError | UsageError} it cannot go on; what it did before stays, and a later run goes on from there
 */
export type SetupStep = {
  /** For progress, such as `event registrations`. */
  name: string
  run(answers: SetupAnswers, context: SetupContext): Promise<readonly SetupItem[]>
}
