import { json, startServer } from '../../../sandbox/server'
import { startHttpsEndpoint } from '../../../sandbox/targets/https-endpoint'
import { startMarketo } from '../../../sandbox/targets/marketo'
import { startStrictAzure } from '../../../sandbox/targets/strict-azure'
import { startStrictS3 } from '../../../sandbox/targets/strict-s3'
import { azure } from '../../../src/connectors/azure/destination'
import { https } from '../../../src/connectors/https/destination'
import { marketo } from '../../../src/connectors/marketo/destination'
import { restPim } from '../../../src/connectors/rest/pim'
import { s3 } from '../../../src/connectors/s3/destination'
import type { Destination } from '../../../src/plugin/destination'
import { rejection, startCall } from '../../support/call'
import { createTestClock } from '../../support/test-clock'
import { startAkeneoTarget } from '../akeneo/destination-bench'
import { sku, startBench } from '../akeneo/pim-bench'
import { contextOf } from './destination-context'
import { fakeBinary } from './fake-binary'
import { pimContext } from './pim-context'

/** One kind of request of a connector, to a service that can be told to answer the next one with a bare status. */
type Row = {
  failOnce(status: number): void
  work(): Promise<unknown>
  /** Requests of the kind so far. */
  count(): number
  close(): Promise<void>
}

const call = startCall()
const look = async (destination: Destination) => destination.head?.('a.png', call)
const put = (destination: Destination) => destination.put('a.png', fakeBinary({ size: 1_000 }), {}, call)

/** A fault of a stand-in that strikes once. */
function once<Request, Fault>(matches: (request: Request) => boolean) {
  let fault: Fault | undefined
  let count = 0
  return {
    count: () => count,
    set: (next: Fault) => {
      fault = next
    },
    take: (request: Request): Fault | undefined => {
      if (!matches(request)) return undefined
      count += 1
      const found = fault
      fault = undefined
      return found
    },
  }
}

async function startAzureRow(operation: string, work: (it: Destination) => Promise<unknown>): Promise<Row> {
  const server = await startStrictAzure()
  const destination = azure().create(contextOf({ AZURE_BLOB_SAS_URL: server.sasUrl() }))
  return {
    failOnce: (status) => server.failNext(operation, { status }),
    work: () => work(destination),
    count: () => server.count(operation),
    close: server.close,
  }
}

async function startS3Row(operation: string, work: (it: Destination) => Promise<unknown>): Promise<Row> {
  const server = await startStrictS3()
  const options = { checksums: 'when-supported', conditional: true } as const
  const destination = s3(options).create(contextOf(server.inputs))
  return {
    failOnce: (status) => server.failNext(operation, { status }),
    work: () => work(destination),
    count: () => server.count(operation),
    close: server.close,
  }
}

async function startHttpsRow(method: string, work: (it: Destination) => Promise<unknown>): Promise<Row> {
  const endpoint = await startHttpsEndpoint()
  const inputs = { HTTPS_URL: `${endpoint.url}/files/{key}`, HTTPS_HEAD: 'x-held-version' }
  const destination = https({ remove: true }).create(contextOf(inputs))
  const fault = once<{ method?: string }, { status: number }>((request) => request.method === method)
  endpoint.fault = fault.take
  return {
    failOnce: (status) => fault.set({ status }),
    work: () => work(destination),
    count: fault.count,
    close: endpoint.close,
  }
}

async function startMarketoRow(method: string, work: (it: Destination) => Promise<unknown>): Promise<Row> {
  const clock = createTestClock()
  const instance = await startMarketo({ clock })
  const destination = marketo().create(contextOf(instance.inputs, { clock }))
  const fault = once<{ method: string; path: string }, { status: number }>(
    (request) => request.method === method && request.path.startsWith('/rest/'),
  )
  instance.fault = fault.take
  return {
    failOnce: (status) => fault.set({ status }),
    work: () => work(destination),
    count: fault.count,
    close: instance.close,
  }
}

async function startAkeneoRow(
  target: { method: string; path: RegExp },
  work: (it: Destination) => Promise<unknown>,
): Promise<Row> {
  const { server, make } = await startAkeneoTarget()
  const destination = make()
  return {
    failOnce: (status) => server.faults.add({ ...target, times: 1, fault: { kind: 'status', status } }),
    work: () => work(destination),
    count: () =>
      server.requests.filter(({ method, path }) => method === target.method && target.path.test(path)).length,
    close: server.close,
  }
}

async function startAkeneoPimRow(): Promise<Row> {
  const bench = await startBench()
  bench.server.catalogue.setProduct('LAMP-7')
  const path = /\/products/
  return {
    failOnce: (status) => bench.server.faults.add({ path, times: 1, fault: { kind: 'status', status } }),
    work: () => bench.get(sku('LAMP-7')),
    count: () => bench.productCalls().length,
    close: bench.close,
  }
}

async function startRestRow(): Promise<Row> {
  const server = await startServer({ clock: createTestClock(), handle: () => json(200, { code: 'LAMP' }) })
  const pim = restPim({ url: `${server.url}/products/{identifier}` })(pimContext())
  return {
    failOnce: (status) => server.faults.add({ times: 1, fault: { kind: 'status', status } }),
    work: () => pim.getProducts([sku('LAMP')], call),
    count: () => server.requests.length,
    close: server.close,
  }
}

const asset = /\/asset-families\/packshots\/assets\/[^/]+$/

describe.each<[string, () => Promise<Row>]>([
  ['azure, a look', () => startAzureRow('GetProperties', look)],
  ['azure, a file', () => startAzureRow('PutBlob', put)],
  ['s3, a look', () => startS3Row('HeadObject', look)],
  ['s3, a file', () => startS3Row('PutObject', put)],
  ['https, a look', () => startHttpsRow('HEAD', look)],
  ['https, a removal', () => startHttpsRow('DELETE', async (it) => it.remove?.('a.png', call))],
  ['marketo, a look', () => startMarketoRow('GET', look)],
  ['marketo, a file', () => startMarketoRow('POST', put)],
  ['akeneo, a look', () => startAkeneoRow({ method: 'GET', path: asset }, look)],
  ['akeneo, a file', () => startAkeneoRow({ method: 'POST', path: /\/asset-media-files$/ }, put)],
  ['the PIM akeneo', startAkeneoPimRow],
  ['the PIM rest', startRestRow],
])('%s', (_, start) => {
  let row: Row
  beforeEach(async () => {
    row = await start()
  })
  afterEach(() => row.close())

  it.each([408, 425, 429, 500, 502, 503, 504])('survives one answer %i', async (status) => {
    row.failOnce(status)
    await row.work()
    expect(row.count()).toBeGreaterThan(1)
  })

  it.each([501, 505])('is not repeated after %i, and does not count it as a bad moment', async (status) => {
    row.failOnce(status)
    const error = await rejection(row.work())
    expect(error).toMatchObject({ name: 'BridgeError', status })
    expect(error).not.toMatchObject({ failureClass: 'transient' })
    expect(row.count()).toBe(1)
  })
})
