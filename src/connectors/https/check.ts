import type { BridgeError } from '../../core/errors'
import type { KeyedCheckRules } from '../kit/check-by-key'
import type { Subject } from '../kit/check-step'

/** What the check of an endpoint says. @param inputs their prefix */
export const httpsCheck = (inputs: string): Omit<KeyedCheckRules, 'redactor'> => ({
  subjectOf,
  hint: `check ${inputs}_URL`,
  remedies: {
    read: `let the endpoint answer HEAD, or set ${inputs}_HEAD to off`,
    write: `let the endpoint take what ${inputs}_METHOD says`,
    delete: 'let the endpoint take DELETE, or leave the option remove out in config/destinations.ts',
  },
  whyNotWritten:
    'It could not be removed again: the endpoint takes DELETE only with the option remove in config/destinations.ts.',
})

function subjectOf({ status }: BridgeError): Subject {
  if (status === 401 || status === 407) return 'login'
  return status === 403 || status === 405 || status === 501 ? 'right' : 'other'
}
