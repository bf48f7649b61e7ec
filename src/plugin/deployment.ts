import { systemicError } from '../core/errors'
import { parseOrigin } from '../http/origin'

/** The actions of the app. */
export type ActionName =
  | 'generic'
  | 'export-asset'
  | 'export-worker'
  | 'export-batch'
  | 'pim-events'
  | 'pim-sync'
  | 'reconcile'
  | 'status'

/** What I/O Runtime gives an action. */
export type ActionLimits = {
  /** In milliseconds, 100 to 10800000. */
  timeout?: number
  /** In MB, 128 to 4096. */
  memorySize?: number
  /** Activations that share a container, 1 to 500. */
  concurrency?: number
}

/**
 * When a job runs: every so many minutes; at fixed times, as a cron expression in UTC, whatever a time zone says; or
 * never.
 */
export type Alarm = { minutes: number } | { cron: string } | 'off'

/** The jobs that an alarm fires, and that keep reports of their runs. */
export const jobs = ['export-batch', 'reconcile'] as const
export type JobName = (typeof jobs)[number]

/** When a job runs, as `config/deployment.ts` says or as usual. */
export const alarmOf = (job: JobName, { alarms }: Deployment): Alarm => alarms?.[job] ?? { minutes: 10 }

/** What a user decides about the deployment; `config/deployment.ts` holds it, and ext.config.yaml is generated from it. */
export type Deployment = {
  /**
   * When the jobs run. A run may still be in progress when the next alarm fires: the second run is then skipped.
   * @default every ten minutes
   */
  alarms?: Partial<Record<JobName, Alarm>>
  /** Limits that differ from the usual ones of an action, which ext.config.yaml shows. @default none */
  limits?: Partial<Record<ActionName, ActionLimits>>
  /** The version of Node. @default 'nodejs:24' */
  runtime?: string
  /** Has I/O Runtime hand over the credentials in place of the `ADC_CECREDENTIALS_*` inputs; those win where they are set. @default false */
  includeImsCredentials?: boolean
  /**
   * Hosts that `AEM_AUTHOR_URLS` may name besides those of AEM as a Cloud Service (`author-p<n>-e<n>.adobeaemcloud.com`):
   * those of an author of your own, such as `dam.example.com` or `dam.example.com:8443`. Each of them may get a token.
   * @default none
   */
  authorHosts?: readonly string[]
}

/** What I/O Runtime takes; a deployment with anything else is refused (Adobe, Runtime system settings). */
const ranges = { timeout: [100, 10_800_000], memorySize: [128, 4096], concurrency: [1, 500] } as const

/**
 * Gives `config/deployment.ts` its types, and the editor its help.
 * @throws {BridgeError} systemic, `CONFIG_INVALID`, for what I/O Runtime would refuse, and for a host that is none
 */
export function defineDeployment(deployment: Deployment): Deployment {
  for (const [action, limits] of Object.entries(deployment.limits ?? {})) {
    for (const name of ['timeout', 'memorySize', 'concurrency'] as const) {
      const [least, most] = ranges[name]
      const value = limits[name] ?? least
      if (Number.isInteger(value) && value >= least && value <= most) continue
      throw invalid(`${name} of ${action} must be a whole number from ${least} to ${most}`)
    }
  }
  for (const [job, alarm] of Object.entries(deployment.alarms ?? {})) {
    if (alarm === 'off') continue
    if ('minutes' in alarm && !(Number.isInteger(alarm.minutes) && alarm.minutes >= 1)) {
      throw invalid(`the minutes of ${job} must be a whole number above 0`)
    }
    if ('cron' in alarm && !/^\S+( \S+){4,5}$/.test(alarm.cron)) {
      throw invalid(`the cron of ${job} must have five or six fields, such as */10 * * * *`)
    }
  }
  for (const host of deployment.authorHosts ?? []) {
    if (parseOrigin(`https://${host}`) === `https://${host}`) continue
    throw invalid(`authorHosts has ${JSON.stringify(host)}, which is no host such as dam.example.com`)
  }
  return deployment
}

const invalid = (problem: string): Error =>
  systemicError('CONFIG_INVALID', `config/deployment.ts: ${problem}`)
