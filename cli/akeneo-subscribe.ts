import { forgetSubscription } from '../src/app/subscription-note'
import type { ContactWish, SubscriptionWish } from '../src/connectors/akeneo/event-platform/client'
import {
  askReceiver,
  type ReceiverVerdict,
  requireReceiver,
} from '../src/connectors/akeneo/event-platform/receiver'
import type { EventSubscription } from '../src/connectors/akeneo/event-platform/views'
import {
  type AkeneoEnvironment,
  type AkeneoParts,
  allSubscribed,
  httpsOf,
  ownOf,
  type Subscribed,
} from './akeneo-parts'
import { receiverUrl, type SubscribeOptions, shortNames, signingSecrets, wishFrom } from './akeneo-wish'
import type { Environment } from './environment'
import { CommandError, type CommandResult } from './output'

/** How `subscribe` goes about it. */
export type SubscribeMode = SubscribeOptions & { unchecked?: boolean | undefined; dryRun: boolean }

/** What `subscribe` tells its caller besides. */
export type Subscription = CommandResult & {
  /** Something is not as it should be, or was not: secrets, which Akeneo never shows, are taken for the right ones. */
  differs: boolean
  receiver: ReceiverVerdict
}

/** The same, and what Akeneo told of the end of the one before no longer holds. */
export async function subscribeAnew(
  environment: AkeneoEnvironment & Pick<Environment, 'store'>,
  parts: AkeneoParts,
  mode: SubscribeMode,
): Promise<Subscription> {
  const result = await subscribe(environment, parts, mode)
  // Without State there is no such note.
  if (!mode.dryRun)
    await forgetSubscription(environment.store, environment.call().signal).catch(() => undefined)
  return result
}

type Step = { text: string; act(): Promise<void> }

/**
 * Makes subscriber and subscription what inputs and options say. Everything is read first, and nothing is written when
 * the receiver is sure to lose what a working subscription brings. Secrets are written each time: Akeneo shows none.
 */
async function subscribe(
  environment: AkeneoEnvironment,
  parts: AkeneoParts,
  mode: SubscribeMode,
): Promise<Subscription> {
  const { platform, http, call, name } = parts
  const secrets = signingSecrets(environment)
  const asked = mode.url === undefined ? undefined : receiverUrl(mode.url).href
  const own = ownOf(await allSubscribed(parts), { name, url: asked })
  const before = own === undefined ? undefined : subscriptionFor(own, asked)
  const wish = wishFrom(mode, before, secrets)
  const contact = contactFrom(mode, own, wish)
  const url = receiverUrl(wish.url)
  const inUse = secrets.filter((secret) => secret !== undefined)
  const verdict: ReceiverVerdict = mode.unchecked
    ? { kind: 'unclear', known: [], answer: 'it was not asked' }
    : await askReceiver({ url, secrets: inUse, http }, call)
  // A new subscription may be created before its secrets are deployed, since it takes minutes to become effective. A
  // URL without a receiver is a typo, as a rule.
  const isNew = before === undefined || before.status === 'revoked'
  if (!isNew || verdict.kind === 'gone') requireReceiver(verdict)

  const result = { subscriberId: own?.subscriber.id ?? '', subscriptionId: before?.id ?? '' }
  const steps: Step[] = [
    own === undefined
      ? {
          text: `create the subscriber ${JSON.stringify(name)}, told of suspensions at ${contact.email}`,
          act: async () => {
            result.subscriberId = (await platform.createSubscriber(name, contact, call)).id
          },
        }
      : {
          text: `keep the subscriber ${JSON.stringify(own.subscriber.name)}, told of suspensions at ${contact.email}`,
          act: () => platform.updateSubscriber(own.subscriber.id, contact, call),
        },
    ...subscriptionSteps(before, wish),
  ]

  function subscriptionSteps(it: EventSubscription | undefined, wanted: SubscriptionWish): Step[] {
    const create: Step = {
      text: `create a subscription to ${wanted.url} with ${shortNames(wanted.events)}`,
      act: async () => {
        const made = await platform.createSubscription(result.subscriberId, wanted, call)
        result.subscriptionId = made.id
      },
    }
    if (it === undefined) return [create]
    if (it.status === 'revoked') {
      const act = () => platform.deleteSubscription(it, call)
      return [{ text: `delete the subscription ${it.id}, which is revoked for good`, act }, create]
    }
    const change: Step = {
      text: `${changesOf(it, wanted)} of the subscription ${it.id}`,
      act: () => platform.updateSubscription(it, wanted, call),
    }
    if (it.status === 'active') return [change]
    return [change, { text: `resume ${it.id}`, act: () => platform.setActive(it, true, call) }]
  }

  if (!mode.dryRun) for (const step of steps) await step.act()
  const notes = notesOf({ own, before, wish, verdict })
  const lines = steps.map(({ text }) => `${mode.dryRun ? 'would ' : ''}${text}`)
  return {
    differs: own === undefined || before?.status !== 'active' || isOther(before, wish),
    receiver: verdict,
    data: {
      dryRun: mode.dryRun,
      subscriber: result.subscriberId || null,
      subscription: result.subscriptionId || null,
      url: wish.url,
      events: wish.events,
      secrets: inUse.length,
      receiver: verdict.kind,
      steps: steps.map(({ text }) => text),
      notes,
    },
    lines: [...lines, ...(mode.dryRun ? [] : [`Subscribed: ${result.subscriptionId}`]), ...notes],
  }
}

/** The one with the URL; else the only one, which moves there. */
function subscriptionFor(own: Subscribed, url: string | undefined): EventSubscription | undefined {
  const candidates = httpsOf(own)
  const alive = candidates.filter(({ status }) => status !== 'revoked')
  const there = url === undefined ? [] : alive.filter(({ config }) => config.url === url)
  if (there[0] !== undefined) return there.find(({ status }) => status === 'active') ?? there[0]
  if (alive.length > 1) {
    throw new CommandError(
      `${own.subscriber.name} has ${alive.length} subscriptions, and ${url === undefined ? 'no --url says which one is meant' : 'none of them sends there'}: ${alive.map(({ id, config }) => `${id} (${config.url})`).join(', ')}. Name one by --url, or akeneo delete <id> what nobody needs`,
    )
  }
  return alive[0] ?? candidates[0]
}

/**
 * Akeneo reports suspensions by e-mail, and to the receiver, which logs them as errors. Their one secret is the older
 * one: a receiver knows it before a new one is deployed, and after.
 */
function contactFrom(
  mode: SubscribeMode,
  own: Subscribed | undefined,
  { url, secrets }: SubscriptionWish,
): ContactWish {
  const email = mode.email ?? own?.subscriber.contact.technical_email
  if (email === undefined) {
    throw new CommandError(
      '--email <address> is needed the first time: Akeneo tells it when it suspends the subscription',
    )
  }
  return { email, webhook: { url, secret: secrets.secondary ?? secrets.primary } }
}

/** Whether any of it differs, as far as Akeneo shows it: of secrets, how many there are. */
const isOther = (it: EventSubscription, wish: SubscriptionWish): boolean =>
  it.config.url !== wish.url ||
  it.events.toSorted().join() !== wish.events.toSorted().join() ||
  (it.filter ?? undefined) !== wish.filter ||
  it.send_product_identifier !== wish.sendProductIdentifier ||
  Boolean(it.config.secret?.secondary) !== (wish.secrets.secondary !== undefined)

/** What differs, as far as Akeneo shows it; secrets are never shown, so they are written each time. */
function changesOf(it: EventSubscription, wish: SubscriptionWish): string {
  const sorted = (events: readonly string[]): string => [...events].sort().join()
  return [
    ...(it.config.url === wish.url ? [] : [`change the URL from ${it.config.url} to ${wish.url}`]),
    ...(sorted(it.events) === sorted(wish.events) ? [] : [`change the events to ${shortNames(wish.events)}`]),
    ...((it.filter ?? undefined) === wish.filter ? [] : [`change the filter to ${wish.filter}`]),
    ...(it.send_product_identifier === wish.sendProductIdentifier ? [] : ['have identifiers sent along']),
    wish.secrets.secondary === undefined ? 'set the secret' : 'set both secrets',
  ].join(', ')
}

type Outcome = {
  own: Subscribed | undefined
  before: EventSubscription | undefined
  wish: SubscriptionWish
  verdict: ReceiverVerdict
}

/** What the operator has to know or do next. */
function notesOf({ own, before, wish, verdict }: Outcome): string[] {
  const others = (own === undefined ? [] : httpsOf(own)).filter(
    (it) => it.id !== before?.id && it.status !== 'revoked' && it.config.url === wish.url,
  )
  const [newest = false] = verdict.known
  return [
    'Akeneo needs some minutes until this is in effect. Remove no secret from a deployment before.',
    ...(verdict.kind === 'accepts' && !newest
      ? ['The receiver does not know the newest secret yet, and goes by the older one: deploy now.']
      : []),
    ...(verdict.kind === 'refuses'
      ? [`The receiver knows none of the secrets (${verdict.answer}): deploy before the minutes are over.`]
      : []),
    ...(verdict.kind === 'stranger'
      ? [
          `What stands at the URL is not pim-events (${verdict.answer}, but not with its words): deploy, or take the URL from npx aio app get-url pim-events.`,
        ]
      : []),
    ...(verdict.kind === 'unclear'
      ? [`Whether the receiver knows the secrets is not known: ${verdict.answer}.`]
      : []),
    wish.secrets.secondary === undefined
      ? 'There is one secret only. Put a new one in front of it (AKENEO_EVENT_SECRETS=<new>,<old>), deploy, and run this again: with two, each can be replaced without losing an event.'
      : 'To replace a secret: put a new one in front, drop the last one, deploy, and run this again, in either order; ten minutes apart from the time before.',
    ...(before?.status === 'suspended'
      ? [
          'It was suspended: what happened meanwhile was not told. Akeneo may revoke what is suspended often; akeneo logs tells why.',
        ]
      : []),
    ...(Object.keys(before?.config.headers ?? {}).length > 0
      ? [
          'The subscription had headers of its own. Akeneo does not show their values, so they were not sent again.',
        ]
      : []),
    ...others.map(({ id }) => `${id} sends to the same URL, so each event comes twice: akeneo delete ${id}`),
  ]
}
