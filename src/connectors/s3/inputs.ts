import type { DestinationContext } from '../../plugin/destination'
import {
  declareInputs,
  inputError,
  isSet,
  matching,
  oneOf,
  type Parsed,
  readServiceUrl,
  text,
  valuesOf,
} from '../../plugin/inputs'
import { prefixShape } from '../kit/prefix'

/** The inputs of an S3 destination, behind their prefix. */
export const s3Inputs = declareInputs({
  BUCKET: {
    meaning: 'The name of the bucket; no URL, no ARN.',
    required: true,
    shape: matching(/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/, 'must be the name of a bucket, not a URL or an ARN'),
  },
  REGION: {
    meaning: 'The region of the bucket.',
    required: 'on AWS itself; elsewhere `us-east-1` is taken',
    example: 'eu-west-1',
    shape: matching(/^[a-z0-9-]{1,63}$/i, 'must be a region such as eu-west-1'),
  },
  ENDPOINT: {
    meaning: 'The URL of a service that speaks the protocol of S3 and is not AWS.',
    unset: 'AWS',
    example: 'https://minio.example.com',
    shape: endpoint,
  },
  ACCESS_KEY_ID: { meaning: 'The id of the access key.', required: true, shape: text, secret: true },
  SECRET_ACCESS_KEY: { meaning: 'The secret access key.', required: true, shape: text, secret: true },
  SESSION_TOKEN: {
    meaning: 'The token that belongs to the keys of a session. Such keys end after hours.',
    unset: 'none',
    shape: text,
    secret: true,
  },
  PREFIX: {
    meaning: 'The folder in the bucket that files go to.',
    unset: 'none',
    example: 'exports/aem',
    shape: prefixShape,
  },
  SSE: {
    meaning:
      'The server-side encryption that the policy of the bucket demands: `AES256`, `aws:kms` or `aws:kms:dsse`.',
    unset: 'what the bucket is set to; `aws:kms` with a key',
    example: 'aws:kms',
    shape: oneOf(['AES256', 'aws:kms', 'aws:kms:dsse']),
  },
  SSE_KMS_KEY_ID: {
    meaning: 'The id or the ARN of the KMS key to encrypt with.',
    unset: 'the key that the bucket is set to',
    example: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    shape: matching(/^[\w:/-]{1,2048}$/, 'must be the id or the ARN of a KMS key'),
  },
})

function endpoint(text: string): Parsed<string> {
  const url = readServiceUrl(text)
  if ('problem' in url) return url
  const { search, href } = url.value
  return search === '' ? { value: href.replace(/\/$/, '') } : { problem: 'must not carry a query (?...)' }
}

type Encryption = 'AES256' | 'aws:kms' | 'aws:kms:dsse'

/** Where the bucket is, and how it is reached. */
export type S3Access = {
  bucket: string
  region: string
  /** Undefined for AWS itself. */
  endpoint: string | undefined
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** Goes with each request that begins an object. */
  encryption: { ServerSideEncryption?: Encryption; SSEKMSKeyId?: string }
  /** Empty, or a folder with a slash at its end. */
  prefix: string
  /** Prefix of the inputs, for errors. */
  inputs: string
}

/** Tells whether the inputs name a bucket. */
export const hasS3Inputs = (context: DestinationContext, inputs: string): boolean =>
  isSet(s3Inputs, 'BUCKET', context, inputs)

/**
 * Reads the inputs. What is secret is made known.
 * @param inputs their prefix
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong
 */
export function readS3Access(context: DestinationContext, inputs: string): S3Access {
  const values = isSet(s3Inputs, 'ENDPOINT', context, inputs)
    ? valuesOf(s3Inputs, context, { prefix: inputs })
    : valuesOf(s3Inputs, context, { prefix: inputs, required: ['REGION'] })
  return {
    bucket: values.BUCKET,
    // Compatible services sign with a region, too, but few care which.
    region: values.REGION ?? 'us-east-1',
    endpoint: values.ENDPOINT,
    credentials: {
      accessKeyId: values.ACCESS_KEY_ID,
      secretAccessKey: values.SECRET_ACCESS_KEY,
      ...(values.SESSION_TOKEN === undefined ? {} : { sessionToken: values.SESSION_TOKEN }),
    },
    encryption: encryptionOf(values.SSE, values.SSE_KMS_KEY_ID, inputs),
    prefix: values.PREFIX ?? '',
    inputs,
  }
}

function encryptionOf(
  asked: Encryption | undefined,
  key: string | undefined,
  inputs: string,
): S3Access['encryption'] {
  if (key === undefined) return asked === undefined ? {} : { ServerSideEncryption: asked }
  if (asked === 'AES256') throw inputError(`${inputs}_SSE_KMS_KEY_ID needs ${inputs}_SSE=aws:kms, not AES256`)
  return { ServerSideEncryption: asked ?? 'aws:kms', SSEKMSKeyId: key }
}
