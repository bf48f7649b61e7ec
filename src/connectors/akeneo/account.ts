import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import type { Clock } from '../../core/clock'
import type { Redactor } from '../../core/redaction'
import type { HttpClient, Turns } from '../../http/http-client'
import type { Tokens } from '../../http/tokens'
import { upstreamName } from './errors'
import type { AkeneoConnection } from './inputs'
import { createAkeneoTokens, credentialInputs } from './token'

/**
 * What all who use one connection share: Akeneo allows it 4 calls at once, and locks its user out after wrong passwords,
 * whoever sent them.
 */
export type AkeneoAccount = {
  /** Turns of all calls. */
  calls: Turns
  /** An upload, with all calls that belong to it, has a turn of its own besides, outside of theirs. */
  uploads: Turns
  tokens: Tokens
  /** The inputs that the credentials come from, for errors. */
  inputs: string
}

type Shared = Omit<AkeneoAccount, 'inputs'>

const callsAtOnce = 4
/** An upload may take minutes: those that are short must find a turn beside them. */
const uploadsAtOnce = 2

/** A container has one or two; past this the oldest is forgotten, and its users keep it. */
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
 * With the secrets: who has put them right need not wait for the end of a lock-out. Without the prefix of the inputs:
 * whatever they are called, it is one connection.
 */
function keyOf({ origin, credentials: { inputs: _prefix, ...credentials } }: AkeneoConnection): string {
  return createHash('sha256')
    .update(JSON.stringify([origin, credentials]))
    .digest('hex')
}

function openAccount(
  { origin, credentials }: AkeneoConnection,
  { http, redactor, clock }: { http: HttpClient; redactor: Redactor; clock: Clock },
): Shared {
  const [limit, uploadLimit] = [pLimit(callsAtOnce), pLimit(uploadsAtOnce)]
  const calls: Turns = (work) => limit(work)
  const upstream = http.upstream({
    name: upstreamName,
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
