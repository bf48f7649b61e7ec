import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import type { Clock } from '../../core/clock'
import type { Redactor } from '../../core/redaction'
import type { ConcurrencyLimit, HttpClient } from '../../http/http-client'
import type { Tokens } from '../../http/tokens'
import { upstreamName } from './errors'
import type { AkeneoConnection } from './inputs'
import { createAkeneoTokens, credentialInputs } from './token'

/**
 * What the PIM communicator and the destination share when they use one connection. Akeneo allows a connection 4 calls at
 * once, and locks its user out after wrong passwords.
 */
export type AkeneoAccount = {
  /** Limits the calls at once. */
  calls: ConcurrencyLimit
  /** Limits the uploads at once. An upload takes it as a whole, and `calls` again for each of its calls. */
  uploads: ConcurrencyLimit
  tokens: Tokens
  /** The inputs that the credentials come from, for errors. */
  inputs: string
}

type Shared = Omit<AkeneoAccount, 'inputs'>

const callsAtOnce = 4
/** Fewer than the calls: an upload may take minutes, and short calls must not wait for it. */
const uploadsAtOnce = 2

/** A container has one or two. Past this the oldest is dropped from the cache; its users keep it. */
const maxKept = 16
const kept = new Map<string, Shared>()

/** The account behind a connection: the same for the PIM communicator and the destination in this container. */
export function accountOf(
  connection: AkeneoConnection,
  parts: { http: HttpClient; redactor: Redactor; clock: Clock },
): AkeneoAccount {
  const key = keyOf(connection)
  const shared = kept.get(key) ?? openAccount(connection, parts)
  kept.set(key, shared)
  for (const oldest of kept.keys()) {
    if (kept.size <= maxKept) break
    kept.delete(oldest)
  }
  return { ...shared, inputs: credentialInputs(connection.credentials) }
}

/**
 * The key includes the secrets, so that a corrected secret does not wait for the end of a lock-out. It leaves out the
 * prefix of the inputs: the same values under another prefix are the same connection.
 */
function keyOf({ origin, credentials: { inputs: _prefix, ...credentials } }: AkeneoConnection): string {
  return createHash('sha256')
    .update(JSON.stringify([origin, credentials]))
    .digest('hex')
}

function openAccount(
  { origin, credentials, inputs }: AkeneoConnection,
  { http, redactor, clock }: { http: HttpClient; redactor: Redactor; clock: Clock },
): Shared {
  const [limit, uploadLimit] = [pLimit(callsAtOnce), pLimit(uploadsAtOnce)]
  const calls: ConcurrencyLimit = (work) => limit(work)
  const upstream = http.upstream({
    name: upstreamName,
    input: `${inputs}_URL`,
    origins: [origin],
    concurrency: 1,
    shared: calls,
    maxAttempts: 6,
    backoff: { baseMs: 500, capMs: 8_000 },
  })
  return {
    calls,
    uploads: (work) => uploadLimit(work),
    tokens: createAkeneoTokens(credentials, { origin, upstream, redactor, clock }),
  }
}
