import pLimit from 'p-limit'
import { createAssetBinary } from '../../src/aem/binary/asset-binary'
import { createBinarySource } from '../../src/aem/binary/source'
import { azure } from '../../src/connectors/azure/destination'
import { folder } from '../../src/connectors/folder/destination'
import { https } from '../../src/connectors/https/destination'
import { s3 } from '../../src/connectors/s3/destination'
import { sftp } from '../../src/connectors/sftp/destination'
import { systemClock } from '../../src/core/clock'
import { createRedactor } from '../../src/core/redaction'
import { createHttpClient } from '../../src/http/http-client'
import { fixedToken } from '../../src/http/tokens'
import { accessTo } from '../../src/inputs/values'
import type { AssetBinary, DestinationContext, DestinationFactory } from '../../src/plugin/destination'

/** What one run copies; it comes as JSON in the first argument. */
export type ClientJob = {
  author: string
  destination: string
  inputs: Record<string, string>
  /** With a SHA-1, what is read is checked against it. */
  files: { name: string; size: number; version: string; sha1?: string }[]
  concurrency: number
}

const factories: Readonly<Record<string, () => DestinationFactory>> = {
  azure: () => azure({ copyFromUrl: false }),
  s3,
  folder,
  sftp,
  https: () => https({ makeFolders: true }),
}

const quiet = (): void => undefined
const silent = { error: quiet, warn: quiet, info: quiet, debug: quiet }

async function run(job: ClientJob): Promise<void> {
  const factory = factories[job.destination]?.()
  if (factory === undefined) throw new Error(`no destination ${job.destination}`)
  const destination = factory.create(contextOf(job.inputs))
  const { signal } = new AbortController()
  const call = { signal, deadline: Number.POSITIVE_INFINITY, logger: silent }
  const limit = pLimit(job.concurrency)
  await Promise.all(
    job.files.map((file) => limit(() => destination.put(file.name, sourceOf(job, file), {}, call))),
  )
}

function sourceOf({ author }: ClientJob, file: ClientJob['files'][number]): AssetBinary {
  const mediaType = 'application/octet-stream'
  const source = createBinarySource(
    { origin: author, path: `/${file.name}`, mediaType },
    {
      tokens: fixedToken('bench'),
      clock: systemClock,
    },
  )
  return createAssetBinary({ ...file, mediaType, modified: 0 }, source, {
    clock: systemClock,
    random: Math.random,
  })
}

const contextOf = (inputs: Record<string, string>): DestinationContext => ({
  ...accessTo(inputs, createRedactor()),
  name: 'bench',
  linkProperty: 'wknd-skuid',
  http: createHttpClient(),
  clock: systemClock,
  random: Math.random,
})

run(JSON.parse(process.argv[2] ?? '{}') as ClientJob).then(
  () => process.exit(0),
  (thrown: unknown) => {
    console.error(thrown)
    process.exit(1)
  },
)
