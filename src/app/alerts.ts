import deployment from '#config/deployment'
import { startAttempt } from '../core/attempt'
import { toBridgeError } from '../core/errors'
import { createRunReports } from '../delivery/run-reports'
import { alertInputs } from '../flows/alerts/inputs'
import { noteAlert, updateAlerts } from '../flows/alerts/update-alerts'
import { openAlertWebhook } from '../flows/alerts/webhook'
import type { FlowContext } from '../flows/event-flow'
import { listRecords } from '../flows/overview'
import type { RunResult } from '../flows/run/run-result'
import { isSet, sourceOf, valuesOf } from '../inputs/values'
import { journalInputs, registrationInputs } from '../journal/inputs'
import type { Gap } from '../journal/reader'
import { listRegistrations, type Registration } from '../journal/registrations'
import { alarmOf, type JobName, jobs } from '../plugin/deployment'
import { accessFor, httpFor } from './access'
import { type Facts, findingsFrom, gapFinding } from './alert-findings'
import { readRegistrationSettings } from './settings'
import { readSubscriptionNote } from './subscription-note'

/** Alerts take no more of a run's time. */
const limitMs = 60_000

/**
 * Looks after the alerts at the end of a run: each job raises for both, since one that no longer runs cannot tell. It
 * fails nothing: what goes wrong here is logged.
 */
export async function lookAfterAlerts(result: RunResult, context: FlowContext): Promise<void> {
  const job = jobs.find((name) => name === context.action)
  if (job === undefined) return
  const attempt = startAttempt(context.call.signal, limitMs)
  const own: FlowContext = { ...context, call: { ...context.call, signal: attempt.signal } }
  try {
    const facts = await gather(job, result, own)
    const webhook = openAlertWebhook({ ...own, http: httpFor(own) }, appName(own))
    await updateAlerts((standing) => findingsFrom(facts, standing), webhook, own)
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    const error = toBridgeError(thrown).toJSON()
    context.call.logger.warn('the alerts could not be looked after; the next run does', { error })
  } finally {
    attempt.release()
  }
}

/**
 * Writes a gap in the journal down before the cursor passes it: no later run finds it again.
 * @throws {BridgeError} when State fails
 */
export const noteGap = (gap: Gap, context: FlowContext): Promise<void> => noteAlert(gapFinding(gap), context)

/** What alerts call this app: the namespace, as `aio app use` shows it. */
export const appName = ({ runtime }: Pick<FlowContext, 'runtime'>): string =>
  runtime?.namespace ?? 'aem-asset-bridge'

async function gather(job: JobName, result: RunResult, context: FlowContext): Promise<Facts> {
  const { store, redactor, clock, inputs, call } = context
  const { signal } = call
  const { ALERT_DEAD_LETTERS, ALERT_PENDING, ALERT_EXPIRY_DAYS } = alertInputs
  const limits = valuesOf({ ALERT_DEAD_LETTERS, ALERT_PENDING, ALERT_EXPIRY_DAYS }, sourceOf(inputs))
  const reports = createRunReports(store, { redactor })
  const [{ letters, pieces }, runs, registrations, subscription] = await Promise.all([
    listRecords(store, signal),
    Promise.all(jobs.map(async (name) => [name, await reports.recent(name, signal)] as const)),
    readRegistrations(context),
    readSubscriptionNote(store, signal),
  ])
  const hasJournal = isSet(journalInputs, 'JOURNAL_URL', sourceOf(inputs))
  return {
    job,
    result,
    now: clock.now(),
    inputs,
    limits: {
      deadLetters: limits.ALERT_DEAD_LETTERS,
      pending: limits.ALERT_PENDING,
      expiryDays: limits.ALERT_EXPIRY_DAYS,
    },
    deadLetters: letters.size,
    pending: pieces.size,
    registrations,
    subscription,
    jobs: runs.map(([name, reported]) => ({
      name,
      alarm: name === 'export-batch' && !hasJournal ? 'off' : alarmOf(name, deployment),
      reports: reported,
    })),
  }
}

/** @returns `off` where they are not watched; undefined when they could not be read now */
async function readRegistrations(context: FlowContext): Promise<readonly Registration[] | 'off' | undefined> {
  const { inputs, call } = context
  const { EVENTS_PROJECT_ID, EVENTS_WORKSPACE_ID } = registrationInputs
  try {
    const ids = valuesOf({ EVENTS_PROJECT_ID, EVENTS_WORKSPACE_ID }, sourceOf(inputs))
    const { EVENTS_PROJECT_ID: projectId, EVENTS_WORKSPACE_ID: workspaceId } = ids
    // The address of a journal names the organisation by the id that the API takes.
    const [, consumerOrgId] = /\/organizations\/([^/]+)\//.exec(inputs.JOURNAL_URL ?? '') ?? []
    if (projectId === undefined || workspaceId === undefined || consumerOrgId === undefined) return 'off'
    const settings = readRegistrationSettings(inputs)
    const options = {
      workspace: { consumerOrgId, projectId, workspaceId },
      apiKey: settings.ADC_CECREDENTIALS_CLIENTID,
      orgId: settings.ADC_CECREDENTIALS_ORGID,
      baseUrl: settings.IO_EVENTS_URL,
    }
    return await listRegistrations(options, accessFor(context), call)
  } catch (thrown) {
    call.signal.throwIfAborted()
    const error = toBridgeError(thrown).toJSON()
    call.logger.warn('the event registrations could not be read', { error })
    return undefined
  }
}
