import { systemicError } from '../../core/errors'
import { parseServiceUrl } from '../../http/origin'
import type { DestinationContext } from '../../plugin/destination'

/** Where the bucket is, and how it is reached. */
export type S3Access = {
  bucket: string
  region: string
  /** Undefined for AWS itself. */
  endpoint: string | undefined
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

/** Tells whether the inputs name a bucket. */
export const hasS3Inputs = ({ input }: DestinationContext): boolean => input('S3_BUCKET') !== undefined

/**
 * Reads the inputs. What is secret is made known.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input
 */
export function readS3Access({ input, requireInput, redactor }: DestinationContext): S3Access {
  const secretAccessKey = requireInput('S3_SECRET_ACCESS_KEY', 'set it to the secret access key')
  const sessionToken = input('S3_SESSION_TOKEN')
  redactor.add(secretAccessKey)
  redactor.add(sessionToken)
  const endpoint = readEndpoint(input('S3_ENDPOINT'))
  const bucket = requireInput('S3_BUCKET', 'set it to the name of the bucket')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(bucket)) {
    throw invalid('S3_BUCKET', 'must be the name of a bucket, not a URL or an ARN')
  }
  // Compatible services sign with a region, too, but few care which.
  const region =
    endpoint === undefined
      ? requireInput('S3_REGION', 'set it to the region of the bucket, such as eu-west-1')
      : (input('S3_REGION') ?? 'us-east-1')
  if (!/^[a-z0-9-]{1,63}$/i.test(region)) throw invalid('S3_REGION', 'must be a region such as eu-west-1')
  return {
    bucket,
    region,
    endpoint,
    credentials: {
      accessKeyId: requireInput('S3_ACCESS_KEY_ID', 'set it to the access key id'),
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  }
}

function readEndpoint(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = parseServiceUrl(text)
  if ('refused' in url) throw invalid('S3_ENDPOINT', url.refused)
  if (url.search !== '') throw invalid('S3_ENDPOINT', 'must not carry a query (?...)')
  return url.href.replace(/\/$/, '')
}

const invalid = (input: string, problem: string): Error =>
  systemicError('INPUT_INVALID', `${input} ${problem}`)
