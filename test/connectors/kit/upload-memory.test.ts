import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundle } from '../../../bench/export/bundle'
import { startMarketo } from '../../../sandbox/targets/marketo'
import { startAkeneoTarget } from '../akeneo/destination-bench'

const run = promisify(execFile)
const megabyte = 1_000_000
const size = 500 * megabyte

/** A service that takes files as forms. */
type Service = {
  inputs: Readonly<Record<string, string>>
  requests: readonly { method: string; path: string; headers: IncomingHttpHeaders }[]
  /** The size of each file that it has. */
  files(): number[]
  close(): Promise<void>
}

const services: Record<string, () => Promise<Service>> = {
  marketo: async () => {
    const instance = await startMarketo({ maxBytes: 2 * size })
    return {
      inputs: { ...instance.inputs, MARKETO_MAX_BYTES: String(2 * size) },
      requests: instance.requests,
      files: () => instance.files().map((file) => file.size),
      close: instance.close,
    }
  },
  akeneo: async () => {
    const { server } = await startAkeneoTarget()
    return {
      inputs: { ...server.inputs(), AKENEO_ASSET_FAMILY: 'packshots' },
      requests: server.requests,
      files: () => [...server.assets.media.values()].map((file) => file.size),
      close: server.close,
    }
  },
}

let folder: string
let client: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-bundle-'))
  client = await bundle(join(__dirname, 'fixtures/form-upload.ts'), folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(Object.keys(services))('a file of 500 MB for %s', (destination) => {
  it.each([
    ['whose size is known', false],
    ['whose size nobody knows', true],
  ])(
    '%s goes through a process of 200 MB, at exactly the length that was said',
    async (_what, unknownSize) => {
      const service = await services[destination]?.()
      if (service === undefined) throw new Error(`no service ${destination}`)
      try {
        const order = { destination, inputs: service.inputs, size, unknownSize }
        const { stdout } = await run(process.execPath, [
          '--max-semi-space-size=4',
          client,
          JSON.stringify(order),
        ])
        const { stored, mostBytes } = JSON.parse(stdout)
        expect(stored).toMatchObject({ version: 'v1', size })
        expect(mostBytes).toBeLessThan(200 * megabyte)
        const upload = service.requests.find(({ headers }) =>
          headers['content-type']?.startsWith('multipart/'),
        )
        // The server takes exactly as many bytes as were announced: the form around the file is the rest.
        const around = Number(upload?.headers['content-length']) - size
        expect(around).toBeGreaterThan(0)
        expect(around).toBeLessThan(2_000)
        expect(service.files()).toEqual([size])
      } finally {
        await service.close()
      }
    },
  )
})
