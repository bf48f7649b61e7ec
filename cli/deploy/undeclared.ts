import type { Client } from 'openwhisk'
import * as v from 'valibot'
import { BridgeError } from '../../src/core/errors'
import { askRuntime, type RuntimeCredentials, unavailable } from '../../src/delivery/runtime-client'
import type { Manifest } from './manifest'

/** A trigger with its rules, or a rule alone, that a deployment of this project left and that is declared no more. */
export type Undeclared = {
  trigger: string
  /** Undefined when the trigger stays. */
  feed: string | undefined
  isTriggerGone: boolean
  rules: readonly string[]
}

const limitMs = 30_000
const remedy = 'check AIO_runtime_namespace and AIO_runtime_auth'
/** The platform lists 200 at most. */
const pageSize = 200

const Annotations = v.optional(v.array(v.object({ key: v.string(), value: v.unknown() })), [])
const Listed = v.array(v.object({ name: v.string(), annotations: Annotations }))
const Managed = v.object({ projectName: v.string() })
const Reference = v.object({ path: v.string(), name: v.string() })
const Rule = v.object({ name: v.string(), trigger: Reference, action: Reference })

type Request<T> = (what: string, send: (client: Client) => Promise<T>) => Promise<T>

const asking =
  (credentials: RuntimeCredentials, signal: AbortSignal) =>
  <T>(what: string, send: (client: Client) => Promise<T>): Promise<T> =>
    askRuntime(credentials, { what, remedy, limitMs, send }, signal)

/**
 * What Adobe's CLI leaves firing: it compares a hash that never changes, and so deletes nothing. Only triggers that it has
 * marked with the name of the package count; others in the namespace are somebody else's.
 * Source: aio-lib-runtime 7.3 (`syncProject`, `getProjectHash`, `addManagedProjectAnnotations`).
 * @throws {BridgeError} as `askRuntime`
 */
export async function findUndeclared(
  { packageName, triggers, rules }: Manifest,
  { credentials, signal }: { credentials: RuntimeCredentials; signal: AbortSignal },
): Promise<readonly Undeclared[]> {
  const ask = asking(credentials, signal)
  const isOwn = (value: unknown): boolean => {
    const managed = v.safeParse(Managed, value)
    return managed.success && managed.output.projectName === packageName
  }
  const own = (await listed(ask, 'triggers')).filter(({ annotations }) =>
    annotations.some(({ key, value }) => key === 'whisk-managed' && isOwn(value)),
  )
  if (own.length === 0) return []
  const all = await rulesIn(ask)
  return own.flatMap(({ name: trigger, annotations }) => {
    const isTriggerGone = !triggers.includes(trigger)
    const gone = all.filter(
      (rule) =>
        rule.trigger.name === trigger &&
        (isTriggerGone ||
          (!rules.includes(rule.name) && rule.action.path === `${credentials.namespace}/${packageName}`)),
    )
    if (!isTriggerGone && gone.length === 0) return []
    const feed = annotations.find(({ key }) => key === 'feed')?.value
    return [
      {
        trigger,
        feed: isTriggerGone && typeof feed === 'string' ? feed : undefined,
        isTriggerGone,
        rules: gone.map(({ name }) => name),
      },
    ]
  })
}

/**
 * Removes it: what fires first, then what the firing starts, then the trigger, so that a run that is ended between them
 * leaves something the next one finds.
 * @throws {BridgeError} as `askRuntime`
 */
export async function removeUndeclared(
  { trigger, feed, isTriggerGone, rules }: Undeclared,
  { credentials, signal }: { credentials: RuntimeCredentials; signal: AbortSignal },
): Promise<void> {
  const ask = asking(credentials, signal)
  if (feed !== undefined) await removeAlarm(ask, { feed, trigger, credentials })
  for (const rule of rules)
    await unlessGone(ask(`delete the rule ${rule}`, (client) => client.rules.delete({ name: rule })))
  if (isTriggerGone)
    await unlessGone(
      ask(`delete the trigger ${trigger}`, (client) => client.triggers.delete({ name: trigger })),
    )
}

/** A feed fails alike when it has no such alarm and when it cannot delete it: then reading tells which. */
async function removeAlarm(
  ask: Request<unknown>,
  { feed, trigger, credentials }: { feed: string; trigger: string; credentials: RuntimeCredentials },
): Promise<void> {
  const { namespace, apiKey: authKey } = credentials
  const params = { lifecycleEvent: 'READ', authKey, triggerName: `/${namespace}/${trigger}` }
  try {
    await ask(`delete the alarm of ${trigger}`, (client) => client.feeds.delete({ name: feed, trigger }))
  } catch (thrown) {
    const isThere = await ask(`read the alarm of ${trigger}`, (client) =>
      client.actions.invoke({ name: feed, blocking: true, params }),
    ).then(
      () => true,
      (failed: unknown) =>
        !(failed instanceof BridgeError && failed.status !== undefined && isAnswer(failed.status)),
    )
    if (isThere) throw thrown
  }
}

/** The feed's own failure is 502, as of every action that is waited for. */
const isAnswer = (status: number): boolean => [400, 404, 502].includes(status)

async function unlessGone(deleted: Promise<unknown>): Promise<void> {
  try {
    await deleted
  } catch (thrown) {
    if (!(thrown instanceof BridgeError) || thrown.status !== 404) throw thrown
  }
}

async function listed(
  ask: Request<unknown>,
  kind: 'triggers' | 'rules',
): Promise<v.InferOutput<typeof Listed>> {
  const all: v.InferOutput<typeof Listed> = []
  for (let skip = 0; ; skip += pageSize) {
    const answer = v.safeParse(
      Listed,
      await ask(`list ${kind}`, (client) => client[kind].list({ skip, limit: pageSize })),
    )
    if (!answer.success) throw unavailable(`list ${kind}`, 'its answer is no such list')
    all.push(...answer.output)
    if (answer.output.length < pageSize) return all
  }
}

/** A list of rules tells neither their triggers nor their actions. */
async function rulesIn(ask: Request<unknown>): Promise<readonly v.InferOutput<typeof Rule>[]> {
  const all = []
  for (const { name } of await listed(ask, 'rules')) {
    const rule = v.safeParse(Rule, await ask(`show the rule ${name}`, (client) => client.rules.get({ name })))
    if (rule.success) all.push(rule.output)
  }
  return all
}
