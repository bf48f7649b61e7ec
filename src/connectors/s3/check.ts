import type { BridgeError } from '../../core/errors'
import type { KeyedCheckRules } from '../kit/check-by-key'
import type { Subject } from '../kit/check-step'

/** What the check of a bucket says. @param inputs their prefix */
export const s3Check = (inputs: string): Omit<KeyedCheckRules, 'redactor'> => ({
  subjectOf,
  hint: `check ${inputs}_ENDPOINT, ${inputs}_REGION and ${inputs}_BUCKET, and that the service may be reached from here`,
  // Without it S3 refuses to say that an object is not there.
  absence: 'list',
  remedies: {
    list: 'allow s3:ListBucket on the bucket',
    read: 'allow s3:GetObject on the objects',
    write: 'allow s3:PutObject and s3:AbortMultipartUpload on the objects',
    delete: 'allow s3:DeleteObject on the objects; without it no file can be removed, and all else works',
  },
  whyNotWritten: 'Nothing could remove it again.',
})

/** S3 tells by its code what is wrong with the credentials; of HEAD, whose answer has none, it is a right as a rule. */
function subjectOf({ code, status, message }: BridgeError): Subject {
  if (code !== 'S3_UNAUTHORIZED') return 'other'
  return status === 403 && /^S3 answered 403( AccessDenied)?( \(it says: |:)/.test(message)
    ? 'right'
    : 'login'
}
