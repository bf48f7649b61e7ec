import deployment from '#config/deployment'
import { createRunReports } from '../../delivery/run-reports'
import type { FlowContext } from '../../flows/event-flow'
import { type Alarm, alarmOf, jobs } from '../../plugin/deployment'
import { type Check, failed, skipped } from './checks'
import { dueBefore } from './cron'

const minuteMs = 60_000

/** Whether the alarms still start their jobs: by the report of the last run. */
export const alarmChecks = (context: FlowContext): readonly Check[] =>
  jobs.map((job) => ({
    name: `alarm.${job}`,
    needs: ['state.access'],
    remedy: `See whether the trigger and the rule of ${job}-alarm are there (npx aio rt trigger list, npx aio rt rule list), and deploy again.`,
    run: async ({ signal }: { signal: AbortSignal }) => {
      const alarm = alarmOf(job, deployment)
      if (alarm === 'off') return skipped('The alarm is off in config/deployment.ts.')
      const { store, redactor, clock } = context
      const [last] = await createRunReports(store, { redactor }).recent(job, signal)
      if (last === undefined)
        return skipped('There is no report of a run: the app was never deployed, or never ran.')
      const shouldHaveRun = latestOf(alarm, clock.now())
      if (shouldHaveRun === undefined)
        return skipped(`The last run ended at ${last.endedAt}. When the alarm comes, cannot be told.`)
      const silentMs = clock.now() - Date.parse(last.endedAt)
      if (Date.parse(last.endedAt) < shouldHaveRun) {
        const often = 'cron' in alarm ? alarm.cron : `every ${alarm.minutes} minutes`
        return failed(
          'ALARM_SILENT',
          `The last run ended at ${last.endedAt}, ${Math.floor(silentMs / minuteMs)} minutes ago, and two alarms (${often}) have passed since.`,
        )
      }
      return `The last run ended at ${last.endedAt}.`
    },
  }))

/** A run should have ended later than this: two alarms have passed since. */
const latestOf = (alarm: Exclude<Alarm, 'off'>, now: number): number | undefined =>
  'cron' in alarm ? dueBefore(alarm.cron, now, 2) : now - 2 * alarm.minutes * minuteMs
