import * as v from 'valibot'
import { askRuntime, type RuntimeCredentials, unavailable } from './runtime-client'

/** An activation that the platform has on record: it failed, or nobody waited for it. */
export type ActivationSummary = {
  id: string
  /** Without its package. */
  action: string
  /** In milliseconds since the epoch. */
  start: number
  status: 'success' | 'application error' | 'developer error' | 'platform error' | 'unknown'
}

/** Reads what the platform keeps of the activations of one package. */
export type ActivationLogs = {
  /**
   * Activations that began since then, newest first. A page holds all that the platform listed, of other packages too:
   * `read` counts those, and `oldest` is when the last of them began. One that is listed twice, since others began
   * meanwhile, is given once.
   * @param since in milliseconds since the epoch
   * @throws {BridgeError} as `askRuntime`
   */
  pages(
    since: number,
    signal: AbortSignal,
  ): AsyncGenerator<{ own: readonly ActivationSummary[]; read: number; oldest: number }>
  /** The lines of an activation, with time and stream in front. @throws {BridgeError} as `askRuntime` */
  lines(id: string, signal: AbortSignal): Promise<readonly string[]>
}

const limitMs = 30_000
const remedy = 'check AIO_runtime_namespace and AIO_runtime_auth'
/** The platform lists 200 at most. */
const pageSize = 100

const Listed = v.array(
  v.object({
    activationId: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
    name: v.string(),
    start: v.number(),
    statusCode: v.optional(v.number()),
    annotations: v.optional(v.array(v.object({ key: v.string(), value: v.unknown() })), []),
  }),
)
const Logs = v.object({ logs: v.array(v.string()) })

/** OpenWhisk, ActivationResponse.scala. */
const statuses = ['success', 'application error', 'developer error', 'platform error'] as const

/** Opens the activations of the package that `credentials.actionName` stands in. */
export const openActivationLogs = (credentials: RuntimeCredentials): ActivationLogs => ({
  async *pages(since, signal) {
    const [, namespace, packageName] = credentials.actionName?.split('/') ?? []
    const prefix = `${namespace}/${packageName}/`
    const seen = new Set<string>()
    for (let skip = 0; ; skip += pageSize) {
      const answer = await askRuntime(
        credentials,
        {
          what: 'list activations',
          remedy,
          limitMs,
          send: (client) => client.activations.list({ since, skip, limit: pageSize }),
        },
        signal,
      )
      const parsed = v.safeParse(Listed, answer)
      if (!parsed.success) throw unavailable('list activations', 'its answer is no such list')
      const listed = parsed.output
      const last = listed.at(-1)
      if (last === undefined) return
      const own = listed.flatMap(({ activationId: id, name: action, start, statusCode, annotations }) => {
        const path = annotations.find(({ key }) => key === 'path')?.value
        if (typeof path !== 'string' || !path.startsWith(prefix) || seen.has(id)) return []
        seen.add(id)
        return [{ id, action, start, status: statuses[statusCode ?? -1] ?? ('unknown' as const) }]
      })
      yield { own, read: listed.length, oldest: last.start }
      if (listed.length < pageSize) return
    }
  },
  async lines(id, signal) {
    const answer = await askRuntime(
      credentials,
      { what: 'give a log', remedy, limitMs, send: (client) => client.activations.logs({ name: id }) },
      signal,
    )
    const parsed = v.safeParse(Logs, answer)
    if (!parsed.success) throw unavailable('give a log', 'its answer is none')
    return parsed.output.logs
  },
})
