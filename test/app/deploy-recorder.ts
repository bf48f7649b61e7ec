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

/** An alarm that the feed has set, by the name of its trigger. */
export type Alarm = { feed: string; parameters: Record<string, unknown> }

/**
 * A stand-in for the deploy service: it takes what `aio app deploy` sends, and remembers it. As OpenWhisk does, it
 * refuses a rule whose action or trigger is not there, and the alarms refuse what is no alarm.
 */
export type DeployRecorder = {
  url: string
  requests: readonly RecordedRequest[]
  /** The bodies put to a path that ends so. */
  put(pathEnd: string): unknown[]
  /** The alarms that are set now, by the full name of the trigger. */
  alarms: ReadonlyMap<string, Alarm>
  close(): Promise<void>
}

/** Starts the stand-in on a free port of the loopback. The namespace is empty at first, and stays so. */
export async function startDeployRecorder(): Promise<DeployRecorder> {
  const requests: RecordedRequest[] = []
  const alarms = new Map<string, Alarm>()
  const entities = new Set<string>()
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://recorder')
    const body = await readJson(request)
    const method = request.method ?? ''
    requests.push({ method, path: pathname, authorization: request.headers.authorization, body })
    const problem = problemOf(method, pathname, asRecord(body))
    response.writeHead(problem?.status ?? 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(problem ?? (method === 'GET' ? [] : (body ?? {}))))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    alarms,
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

  function problemOf(method: string, path: string, body: Record<string, unknown>): Problem | undefined {
    const [, , , , , namespace = '', kind = '', ...name] = path.split('/')
    const fullName = `/${namespace}/${name.join('/')}`
    if (namespace === 'whisk.system') return alarm(fullName, body)
    if (method !== 'PUT') return undefined
    if (kind === 'rules') {
      const missing = [`actions ${body.action}`, `triggers ${body.trigger}`].find((it) => !entities.has(it))
      if (missing !== undefined)
        return { status: 404, error: `The requested resource does not exist: ${missing}` }
    }
    entities.add(`${kind} ${fullName}`)
    return undefined
  }

  function alarm(feed: string, body: Record<string, unknown>): Problem | undefined {
    const { lifecycleEvent, triggerName, authKey, ...parameters } = body
    const name = String(triggerName)
    if (typeof authKey !== 'string' || !entities.has(`triggers ${name}`))
      return { status: 400, error: 'no such trigger, or no key to fire it' }
    if (lifecycleEvent === 'DELETE') {
      return alarms.delete(name) ? undefined : { status: 404, error: 'there is no such alarm' }
    }
    const isAlarm = lifecycleEvent === 'CREATE' && alarmFeeds[feed]?.(parameters) === true
    if (!isAlarm) return { status: 400, error: `no alarm of ${feed}` }
    alarms.set(name, { feed, parameters })
    return undefined
  }
}

type Problem = { status: number; error: string }

/** What each feed takes. Source: Apache OpenWhisk, package alarms. */
const alarmFeeds: Readonly<Record<string, (parameters: Record<string, unknown>) => boolean>> = {
  '/whisk.system/alarms/interval': ({ minutes }) => Number.isInteger(minutes) && Number(minutes) >= 1,
  '/whisk.system/alarms/alarm': ({ cron }) => typeof cron === 'string' && /^(\S+ ){4,5}\S+$/.test(cron),
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? undefined : JSON.parse(text)
}
