import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import type { Turns } from '../../http/http-client'
import type { AkeneoConnection } from './inputs'

/** Akeneo allows 4 calls at once to a connection. */
const callsAtOnce = 4
/** An upload may take minutes: those that are short must find a turn beside them. */
const uploadsAtOnce = 2

/** A container has one or two; past this the oldest is forgotten, and its users keep it. */
const maxKept = 16
const kept = new Map<string, AkeneoTurns>()

/**
 * Turns of all calls; an upload, with all calls that belong to it, has a turn of its own besides, outside of theirs.
 */
export type AkeneoTurns = { calls: Turns; uploads: Turns }

/**
 * The turns of a connection's calls, the same for all in this container who use that connection: the limit is one for
 * the PIM communicator and the destination together.
 */
export function turnsOf({ origin, credentials }: AkeneoConnection): AkeneoTurns {
  const who =
    credentials.kind === 'connection'
      ? [credentials.clientId, credentials.username]
      : [createHash('sha256').update(credentials.token).digest('hex')]
  const key = JSON.stringify([origin, credentials.kind, ...who])
  const known = kept.get(key)
  if (known !== undefined) return known
  const [limit, uploadLimit] = [pLimit(callsAtOnce), pLimit(uploadsAtOnce)]
  const turns: AkeneoTurns = {
    calls: (work) => limit(work),
    uploads: (work) => uploadLimit(work),
  }
  kept.set(key, turns)
  for (const oldest of kept.keys()) {
    if (kept.size <= maxKept) break
    kept.delete(oldest)
  }
  return turns
}
