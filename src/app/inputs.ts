import { type LogLevel, logLevels } from '../core/logger'
import { declareInputs } from '../inputs/declaration'
import type { RawInputs } from '../inputs/raw-inputs'
import { matching, oneOf, text } from '../inputs/shapes'

/** The inputs of the app itself. */
export const appInputs = declareInputs({
  LOG_LEVEL: {
    meaning: 'How much is logged: `error`, `warn`, `info` or `debug`.',
    default: 'info',
    shape: oneOf(logLevels),
  },
  PIM_COMMUNICATOR: {
    meaning:
      'The name of a communicator in config/enrichment.ts: `mock`, `rest`, `akeneo` or one of your own.',
    default: 'mock',
    shape: text,
  },
})

/** The input of the action `status`: no other one reads it, so that a wrong value stops nothing else. */
export const statusInputs = declareInputs({
  STATUS_TOKEN: {
    meaning:
      'The bearer token that opens the action `status`: 16 to 256 letters, digits and `-._~+/=`. `openssl rand -hex 32` makes one.',
    unset: 'off: it answers 404',
    // What a bearer token may be made of (RFC 6750, 2.1); whoever guesses a shorter one sees the status.
    shape: matching(
      /^[\w.~+/=-]{16,256}$/,
      'must have 16 to 256 letters, digits and -._~+/=: openssl rand -hex 32 makes one',
    ),
    secret: true,
  },
})

/** The level to log at. With a wrong value it is the default level, so that the error can still be logged. */
export function logLevelOf({ LOG_LEVEL = appInputs.LOG_LEVEL.default }: RawInputs): LogLevel {
  const level = appInputs.LOG_LEVEL.shape(LOG_LEVEL)
  return 'value' in level ? level.value : appInputs.LOG_LEVEL.default
}
