import * as v from 'valibot'

const text = v.optional(v.nullable(v.string()))
const optionalText = v.pipe(
  text,
  v.transform((it) => it ?? undefined),
)

const Subscriber = v.object({
  id: v.string(),
  name: v.optional(v.string(), ''),
  status: v.optional(v.string(), 'active'),
  subject: optionalText,
  contact: v.optional(v.object({ technical_email: optionalText }), {}),
})

const Subscription = v.object({
  id: v.string(),
  status: v.string(),
  source: v.optional(v.string(), 'pim'),
  type: v.optional(v.string(), 'https'),
  subject: optionalText,
  events: v.array(v.string()),
  config: v.object({
    url: optionalText,
    /** Its value is masked; only its presence is visible. */
    secret: v.optional(v.nullable(v.object({ secondary: text }))),
    headers: v.optional(v.nullable(v.record(v.string(), v.unknown()))),
  }),
  filter: optionalText,
  send_product_identifier: v.optional(v.nullable(v.boolean())),
  created_at: optionalText,
  updated_at: optionalText,
})

const Log = v.object({
  log_id: optionalText,
  log_type: optionalText,
  timestamp: v.optional(v.string(), ''),
  subscriber_id: optionalText,
  subscription_id: optionalText,
  operation: v.optional(v.string(), ''),
  error_type: optionalText,
  error_reason: optionalText,
  error_code: v.optional(v.nullable(v.union([v.number(), v.string()]))),
  error_message: optionalText,
})

/** How the Event Platform shows its objects, as far as an operator needs it (Akeneo, concepts and logs). */
export const EventViews = { subscriber: Subscriber, subscription: Subscription, log: Log }

/** One PIM and one connection, with the contact for notifications. */
export type EventSubscriber = v.InferOutput<typeof Subscriber>

/** Which events go where. `status` is `active`, `suspended`, `revoked` or `deleted`. */
export type EventSubscription = v.InferOutput<typeof Subscription> & { subscriberId: string }

/** An entry of the log. */
export type EventLog = v.InferOutput<typeof Log>
