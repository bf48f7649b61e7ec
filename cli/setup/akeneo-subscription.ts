import { randomBytes } from 'node:crypto'
import { webhookInputs } from '../../src/connectors/akeneo/webhook-inputs'
import { BridgeError } from '../../src/core/errors'
import { isSet, sourceOf } from '../../src/inputs/values'
import { type AkeneoParts, allSubscribed, httpsOf, openAkeneo, ownOf } from '../akeneo-parts'
import { subscribeAnew } from '../akeneo-subscribe'
import { setInputs } from './env-inputs'
import type { SetupAnswers, SetupItem, SetupStep } from './step'

const what = 'subscription at Akeneo'
const secretName = 'AKENEO_EVENT_SECRETS'

/**
 * The subscription of product events, as `akeneo subscribe` makes it. Secrets are made where there are none. The action
 * `pim-events` has to be deployed with them before.
 */
export const akeneoSubscription: SetupStep = {
  name: what,
  run: async (answers, context) => {
    if (answers.pim !== 'akeneo') return []
    const { environment, dryRun } = context
    const hasSecrets = isSet(webhookInputs, secretName, sourceOf(environment.inputs))
    const secrets = (hasSecrets ? environment.inputs[secretName] : undefined) ?? newSecrets()
    const inputs = { ...environment.inputs, [secretName]: secrets }
    const parts = attemptToOpen({ ...environment, inputs })
    if ('manual' in parts) return [parts.manual]
    // First: a secret that Akeneo has and nobody else is lost.
    const items = hasSecrets ? [] : await setInputs({ [secretName]: secrets }, answers, context)
    const url = await urlFor(answers, parts, environment.namespace)
    if ('manual' in url) return [...items, url.manual]
    const mode = { url: url.hook, email: answers.email }
    try {
      const subject = { ...environment, inputs }
      const seen = await subscribeAnew(subject, parts, { ...mode, dryRun: true })
      if (!seen.differs) return [...items, { kind: 'unchanged', what }]
      if (seen.receiver.kind !== 'accepts') return [...items, deployFirst(answers, seen.receiver.answer)]
      if (!dryRun) await subscribeAnew(subject, parts, { ...mode, dryRun })
      return [...items, { kind: 'changed', what }]
    } catch (thrown) {
      if (!(thrown instanceof BridgeError) || thrown.code !== 'AKENEO_EVENTS_RECEIVER') throw thrown
      return [...items, deployFirst(answers, thrown.message)]
    }
  },
}

/** Two, so that each can be replaced without losing an event. */
const newSecrets = (): string => [1, 2].map(() => randomBytes(32).toString('hex')).join(',')

const manual = (text: string, where: string): { manual: SetupItem } => ({
  manual: { kind: 'manual', what: `${what}: ${text}`, where },
})

const deployFirst = ({ env }: SetupAnswers, reason: string): SetupItem =>
  manual(
    `the action pim-events does not take the events yet (${reason}). Deploy first`,
    `npm run deploy -- --env ${env}`,
  ).manual

function attemptToOpen(environment: Parameters<typeof openAkeneo>[0]): AkeneoParts | { manual: SetupItem } {
  try {
    return openAkeneo(environment, undefined)
  } catch (thrown) {
    if (!(thrown instanceof BridgeError) || thrown.code !== 'INPUT_INVALID') throw thrown
    return manual(thrown.message, 'Akeneo > Connect > Connection settings')
  }
}

/** Where events go: a subscription that there is keeps its place unless the user names another one. */
async function urlFor(
  { hook, email, env }: SetupAnswers,
  parts: AkeneoParts,
  namespace: string | undefined,
): Promise<{ hook: string | undefined } | { manual: SetupItem }> {
  const usual =
    namespace === undefined
      ? undefined
      : `https://${namespace}.adobeioruntime.net/api/v1/web/asset-bridge/pim-events`
  const own = ownOf(await allSubscribed(parts), { name: parts.name, url: hook ?? usual })
  if (own === undefined && email === undefined)
    return manual('somebody has to be told when Akeneo suspends it: --email', `npx bridge setup --env ${env}`)
  const isThere = own !== undefined && httpsOf(own).some(({ status }) => status !== 'revoked')
  if (hook !== undefined || isThere) return { hook }
  if (usual !== undefined) return { hook: usual }
  return manual('the namespace is not known: --hook', `npx bridge setup --env ${env}`)
}
