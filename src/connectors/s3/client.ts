import type { S3Client } from '@aws-sdk/client-s3'
import type { S3Access } from './inputs'
import { leaveContentUnsigned } from './unsigned'

/** What is used of the library, loaded, and a client of it. */
export type Service = { client: S3Client; library: typeof import('./library') }

/** Loads the library and makes a client. @param checksums whether every request carries one */
export async function connectS3(
  access: S3Access,
  checksums: 'when-supported' | 'when-required',
): Promise<Service> {
  const library = await import('./library')
  const { region, endpoint, credentials } = access
  const client = new library.S3Client({
    region,
    credentials,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // The app retries itself.
    maxAttempts: 1,
    requestChecksumCalculation: checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, every part would open a connection of its own and wait for a round trip.
    expectContinueHeader: false,
    // Given here, so that no configuration file is looked for.
    retryMode: 'standard',
    defaultsMode: 'standard',
    useArnRegion: false,
    disableMultiregionAccessPoints: false,
    disableS3ExpressSessionAuth: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'aem-asset-bridge',
    requestHandler: { connectionTimeout: 10_000 },
  })
  leaveContentUnsigned(client)
  return { client, library }
}
