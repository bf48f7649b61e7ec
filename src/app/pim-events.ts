import { connectionInputs } from '../connectors/akeneo/inputs'
// By itself, and not by way of config/: that would load the client of every PIM into the action that must start fast.
import { akeneoWebhook } from '../connectors/akeneo/webhook'
import { webhookInputs } from '../connectors/akeneo/webhook-inputs'
import { systemClock } from '../core/clock'
import { systemicError } from '../core/errors'
import type { ProductRef } from '../core/product'
import type { WebRequest } from '../events/web-request'
import type { FlowContext } from '../flows/event-flow'
import type { Outcome } from '../flows/outcome'
import { recordHandOver } from '../flows/record-failure'
import { createReferenceBatcher } from '../flows/sync/batch-references'
import { syncInputs } from '../flows/sync/inputs'
import { receivePimEvent } from '../flows/sync/receive-pim-event'
import { deletedWork } from '../flows/sync/recorded-work'
import { perInputs } from '../inputs/raw-inputs'
import { readBoth, sourceOf, valuesOf } from '../inputs/values'
import { activationsOf } from './activations'
import { forgetSubscription, noteSubscription } from './subscription-note'

/** Akeneo sends up to a hundred events a second, and the platform takes a hundred activations a second in all. */
const windowMs = 250
/** Far below the megabyte that the parameters of an activation may have. */
const maxRefs = 500
/** As many as a record holds whole, whatever their names are: six bytes a character at most, and 255 of those. */
const maxDeleted = 20

const never = new AbortController().signal

const partsFor = perInputs(({ inputs, redactor }: FlowContext) => {
  const source = sourceOf(inputs, redactor)
  const [{ AKENEO_EVENT_SECRETS: secrets }, { PIM_SYNC_DELETED: policy }] = readBoth(
    () => valuesOf(webhookInputs, source, { required: ['AKENEO_EVENT_SECRETS'] }),
    () => valuesOf({ PIM_SYNC_DELETED: syncInputs.PIM_SYNC_DELETED }, source),
  )
  for (const secret of secrets) redactor.add(secret)
  const { CLIENT_ID, USERNAME } = connectionInputs
  const names = valuesOf({ CLIENT_ID, USERNAME }, source, { prefix: 'AKENEO' })
  return {
    secrets,
    ownNames: [names.CLIENT_ID, names.USERNAME].filter((name) => name !== undefined),
    batcher: createReferenceBatcher<string>({ clock: systemClock, windowMs, maxRefs }),
    deleted:
      policy === 'keep'
        ? undefined
        : createReferenceBatcher<string>({ clock: systemClock, windowMs, maxRefs: maxDeleted }),
  }
})

/**
 * The flow for events of the PIM: hands the product that a signed event names to `pim-sync`, in a batch with those of
 * other requests.
 * @returns undefined when the signature is not right
 */
async function receive(request: WebRequest, context: FlowContext): Promise<Outcome | undefined> {
  const { secrets, ownNames, batcher, deleted } = partsFor(context)
  // By no single request's signal: the others of the hand-over may have more time.
  const own: FlowContext = { ...context, call: { ...context.call, signal: never } }
  const start = async (params: Readonly<Record<string, unknown>>): Promise<string> => {
    const activations = activationsOf(context)
    if (activations === undefined)
      throw systemicError('RUNTIME_WITHOUT_CREDENTIALS', 'pim-sync can be started on I/O Runtime only')
    return activations.start('pim-sync', params, never)
  }
  const changes = async (references: readonly ProductRef[]): Promise<string> => {
    const activation = await start({ references })
    context.call.logger.info('handed over to pim-sync', { references: references.length, activation })
    return activation
  }
  const deletions = async (gone: readonly ProductRef[]): Promise<string> => {
    // Recorded first: reconcile finds changed products by itself, but no deleted ones.
    const pending = await recordHandOver(deletedWork(gone), own)
    const activation = await start({ references: [], deleted: gone, pending })
    context.call.logger.info('handed over to pim-sync', { deleted: gone.length, activation })
    return activation
  }
  const parts = {
    webhook: akeneoWebhook,
    clock: context.clock,
    secrets,
    ownNames,
    handOver: (ref: ProductRef) => batcher.add([ref], changes),
    ...(deleted === undefined ? {} : { handOverDeleted: (ref: ProductRef) => deleted.add([ref], deletions) }),
  }
  const outcome = await receivePimEvent(request, parts, context.call)
  await noteEnd(outcome, context)
  return outcome
}

/** A notification about the subscription is noted for the next run, which raises or clears the alert. */
async function noteEnd(outcome: Outcome | undefined, { store, clock, call }: FlowContext): Promise<void> {
  if (outcome?.kind === 'notice') await forgetSubscription(store, call.signal)
  if (outcome?.kind !== 'alert') return
  await noteSubscription(store, { type: 'ended', at: new Date(clock.now()).toISOString() }, call.signal)
}

/** The PIM's webhook: its flow, and the status that makes it deliver again. */
export const pimEvents = { receive, retryStatus: akeneoWebhook.retryStatus }
