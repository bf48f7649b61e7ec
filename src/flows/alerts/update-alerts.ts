import { randomUUID } from 'node:crypto'
import { toBridgeError } from '../../core/errors'
import { createLeases } from '../../delivery/lease'
import type { FlowContext } from '../event-flow'
import { type Alert, type Finding, nextAlerts } from './alert'
import { readAlerts, writeAlerts } from './memory'
import type { AlertWebhook } from './webhook'

const leaseSeconds = 90

/**
 * Raises, reminds of and clears alerts: each with a line in the log, then written down, then sent. What could not be sent
 * is sent by a later run, and what a run that was killed had not written down is found again. So nothing is lost, and a
 * kill may tell something twice. Without news State is read once and not written.
 * @param findingsOf what was found out, given what stands
 * @param webhook undefined when alerts stand in the log only
 * @throws {BridgeError} when State fails
 */
export async function updateAlerts(
  findingsOf: (standing: readonly Alert[]) => readonly Finding[],
  webhook: AlertWebhook | undefined,
  context: FlowContext,
): Promise<void> {
  const { store, clock, call, activationId } = context
  const next = (before: readonly Alert[]) => nextAlerts(before, findingsOf(before), clock.now())
  const { alerts, news } = next(await readAlerts(store, call.signal))
  if (news.length === 0 && alerts.every(({ due }) => due === undefined)) return
  const lease = await createLeases({ store, clock }).acquire(
    'alerts',
    activationId ?? randomUUID(),
    leaseSeconds,
    call,
  )
  // The other job is at it; what is wrong is found again.
  if (lease === undefined) return
  try {
    const now = next(await readAlerts(store, call.signal))
    for (const alert of now.news) log(alert, context)
    if (now.news.length > 0) await writeAlerts(store, now.alerts, call.signal)
    const left = await sent(now.alerts, webhook, context)
    if (left !== now.alerts) await writeAlerts(store, left, call.signal)
  } finally {
    await lease.release(call)
  }
}

/**
 * Writes an alert down at once, for what no later run can find again. A later run sends it.
 * @throws {BridgeError} when State fails
 */
export async function noteAlert(finding: Finding, context: FlowContext): Promise<void> {
  const { store, clock, call } = context
  const { alerts, news } = nextAlerts(await readAlerts(store, call.signal), [finding], clock.now())
  for (const alert of news) log(alert, context)
  if (news.length > 0) await writeAlerts(store, alerts, call.signal)
}

function log({ code, subject, message, since, due }: Alert, { call }: FlowContext): void {
  const line = `alert ${due}: ${code}`
  const fields = { ...(subject === '' ? {} : { subject }), message, since }
  if (due === 'cleared') call.logger.info(line, fields)
  else call.logger.error(line, fields)
}

/** What is left to be sent. After one that the host does not take, the others wait for the next run, too. */
async function sent(
  alerts: readonly Alert[],
  webhook: AlertWebhook | undefined,
  { call }: FlowContext,
): Promise<readonly Alert[]> {
  const done = new Set<Alert>()
  for (const alert of alerts) {
    if (alert.due === undefined) continue
    const error = await failureOf(webhook, alert, call)
    if (error !== undefined) {
      call.logger.warn('an alert could not be sent; the next run tries again', { error, code: alert.code })
      break
    }
    done.add(alert)
  }
  if (done.size === 0) return alerts
  return alerts.flatMap((alert) => {
    if (!done.has(alert)) return [alert]
    const { due, ...told } = alert
    return due === 'cleared' ? [] : [told]
  })
}

async function failureOf(
  webhook: AlertWebhook | undefined,
  { due = 'raised', ...alert }: Alert,
  call: FlowContext['call'],
): Promise<{ code: string; message: string } | undefined> {
  try {
    await webhook?.send({ ...alert, news: due }, call)
    return undefined
  } catch (thrown) {
    call.signal.throwIfAborted()
    return toBridgeError(thrown).toJSON()
  }
}
