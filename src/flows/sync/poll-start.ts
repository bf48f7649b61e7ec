import { parseDuration } from '../../core/duration'
import { systemicError } from '../../core/errors'
import { shown } from '../../core/shown'

/** Where a poll begins that has no cursor yet: at all products, or so long ago in milliseconds. */
export type PollStart = { from: 'oldest' } | { from: 'back'; ms: number }

/**
 * Reads `PIM_SYNC_START`: `latest`, `oldest`, or a duration back, such as `PT2H` or `P7D`.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export function parsePollStart(text = 'latest'): PollStart {
  const word = text.trim().toLowerCase()
  if (word === 'oldest') return { from: word }
  if (word === 'latest') return { from: 'back', ms: 0 }
  const duration = parseDuration(text)
  if (duration !== undefined) return { from: 'back', ms: duration.ms }
  throw systemicError(
    'INPUT_INVALID',
    `wrong input: PIM_SYNC_START ${shown(text, 40)} must be latest, oldest (all products), or a duration back of days, hours, minutes and seconds, such as PT2H or P7D`,
  )
}
