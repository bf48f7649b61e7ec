import type { DestinationContext } from '../../plugin/destination'
import {
  declareInputs,
  isSet,
  matching,
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
})

function endpoint(text: string): Parsed<string> {
  const url = readServiceUrl(text)
  if ('problem' in url) return url
  const { search, href } = url.value
  return search === '' ? { value: href.replace(/\/$/, '') } : { problem: 'must not carry a query (?...)' }
}

/** Where the bucket is, and how it is reached. */
export type S3Access = {
  bucket: string
  region: string
  /** Undefined for AWS itself. */
  endpoint: string | undefined
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
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
    prefix: values.PREFIX ?? '',
    inputs,
  }
}
