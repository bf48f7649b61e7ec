import { startS3Server } from '../../../sandbox/targets/s3-server'
import { startStrictS3 } from '../../../sandbox/targets/strict-s3'
import { s3 } from '../../../src/connectors/s3/destination'
import { describeDestination } from '../kit/conformance'
import { contextOf } from '../kit/destination-context'

const aws = { checksums: 'when-supported', conditional: true } as const

describeDestination({
  name: 's3 (s3rver, as a compatible service)',
  capabilities: ['head', 'remove', 'list', 'atomic'],
  start: async () => {
    const server = await startS3Server()
    const connect = (inputs: Record<string, string>) =>
      s3().create(contextOf({ ...server.inputs, ...inputs }))
    return {
      destination: connect({}),
      read: server.read,
      list: server.list,
      mediaType: server.mediaType,
      secrets: ['not-the-secret-of-anybody'],
      breakIt: {
        wrongCredentials: () =>
          connect({ S3_ACCESS_KEY_ID: 'nobody', S3_SECRET_ACCESS_KEY: 'not-the-secret-of-anybody' }),
        unreachable: () => connect({ S3_ENDPOINT: 'http://127.0.0.1:9' }),
      },
      close: server.close,
    }
  },
  listedAtOnce: 1_000,
  except: {
    'lists in the order of the keys, from any key on, under any prefix':
      's3rver lists in the order of its folders',
    'lists in the order of the bytes of UTF-8': 's3rver goes on in the order of UTF-16',
    'lists more than a page holds, each once': 's3rver answers 500 to the second page',
    'shows the old file or the new one while it overwrites': 's3rver writes into the file that is being read',
    'ends in one whole file when two puts overlap': 's3rver writes content and metadata one after the other',
    'never names a version that the file is not, however puts overlap':
      's3rver writes content and metadata one after the other',
  },
})

describeDestination({
  name: 's3 (strict stand-in, as AWS)',
  capabilities: ['head', 'remove', 'list', 'atomic', 'conditional'],
  start: async () => {
    const server = await startStrictS3()
    const connect = (inputs: Record<string, string>) =>
      s3(aws).create(contextOf({ ...server.inputs, ...inputs }))
    return {
      destination: connect({}),
      read: async (key) => server.objects.get(key)?.bytes,
      list: async () => [...server.objects.keys()],
      mediaType: async (key) => server.objects.get(key)?.mediaType,
      putForeign: async (key, bytes) => {
        server.objects.set(key, { bytes, etag: '"foreign"', mediaType: undefined, version: undefined })
      },
      secrets: ['not-the-secret-of-anybody', 'leaked'],
      breakIt: {
        wrongCredentials: () =>
          connect({ S3_ACCESS_KEY_ID: 'nobody', S3_SECRET_ACCESS_KEY: 'not-the-secret-of-anybody' }),
        unreachable: () => connect({ S3_ENDPOINT: 'http://127.0.0.1:9' }),
      },
      close: server.close,
    }
  },
  listedAtOnce: 1_000,
  except: { 'moves 64 MiB without holding them': 'the stand-in holds them, in this very process' },
})
