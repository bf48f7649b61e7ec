/** What the systems around the app allow. */
export const limits = {
  runtime: {
    /** Invocations a minute in a namespace. Source: App Builder, system settings of I/O Runtime. */
    invocationsPerMinute: 6_000,
    /** Activations submitted or queued at once in a namespace. Source: the same. */
    atOnce: 100,
    /** Seconds that a blocking invocation may take. Source: the same. */
    blockingSeconds: 60,
  },
  state: {
    /** Keys of a workspace. Source: App Builder, application state. */
    keys: 200_000,
    /** Bytes a minute of the production workspace; others have 2 MB. Source: the same. */
    bytesPerMinute: 10_000_000,
    /** Bytes of a value. Source: the same. */
    valueBytes: 1_000_000,
  },
  pim: {
    /** Calls at once of a connection. Source: Akeneo, good practices of the REST API. */
    atOnce: 4,
    /** Calls a second of a PIM. Source: the same. */
    callsPerSecond: 100,
    /** What one search takes for an `IN` by SKU. Source: Akeneo, filters. */
    productsPerCall: 100,
  },
} as const
