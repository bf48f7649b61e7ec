import type { BridgeError } from '../../core/errors'
import type { KeyedCheckRules } from '../kit/check-by-key'
import type { Subject } from '../kit/check-step'

/** What the check of a container says. @param inputs their prefix */
export const azureCheck = (inputs: string): Omit<KeyedCheckRules, 'redactor'> => {
  const grant = (permission: string): string =>
    `make a SAS with the permission ${permission}, and set ${inputs}_SAS_URL to it`
  return {
    subjectOf,
    hint: `check ${inputs}_SAS_URL, or the other ${inputs}_ inputs, and that the account may be reached from here`,
    remedies: {
      read: grant('read (r)'),
      write: grant('create (c) and write (w)'),
      delete: `${grant('delete (d)')}; without it no file can be removed, and all else works`,
    },
    whyNotWritten: 'Nothing could remove it again.',
  }
}

/** Of a 403, Azure tells by its code whether the signature or a permission is wrong. */
function subjectOf({ code, message }: BridgeError): Subject {
  if (code !== 'AZURE_UNAUTHORIZED') return 'other'
  return /\b(Authorization\w+Mismatch|InsufficientAccountPermissions)\b/.test(message) ? 'right' : 'login'
}
