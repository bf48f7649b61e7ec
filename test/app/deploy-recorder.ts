import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the deploy service gets it. */
export type RecordedRequest = {
  method: string
  /** Path below the service's root, without the query. */
  path: string
  authorization: string | undefined
  /** The parsed JSON body; undefined when there is none. */
  body: unknown
}

/** A stand-in for the deploy service: it takes whatever `aio app deploy` sends, and remembers it. */
export type DeployRecorder = {
  url: string
  requests: readonly RecordedRequest[]
  /** The bodies put to a path that ends so. */
  put(pathEnd: string): unknown[]
  close(): Promise<void>
}

/** Starts the stand-in on a free port of the loopback. The namespace is empty at first, and stays so. */
export async function startDeployRecorder(): Promise<DeployRecorder> {
  const requests: RecordedRequest[] = []
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://recorder')
    const body = await readJson(request)
    const method = request.method ?? ''
    requests.push({ method, path: pathname, authorization: request.headers.authorization, body })
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(method === 'GET' ? [] : (body ?? {})))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    put: (pathEnd) =>
      requests
        .filter(({ method, path }) => method === 'PUT' && path.endsWith(pathEnd))
        .map(({ body }) => body),
    close: () =>
      new Promise((resolve, reject) => {
        server.closeAllConnections()
        server.close((error) => (error ? reject(error) : resolve()))
      }),
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? undefined : JSON.parse(text)
}
