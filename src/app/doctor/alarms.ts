import deployment from '#config/deployment'
import { createRunReports } from '../../delivery/run-reports'
import type { FlowContext } from '../../flows/event-flow'
import { alarmOf, jobs } from '../../plugin/deployment'
import { isSilent, shownAlarm } from '../silence'
import { type Check, failed, skipped } from './checks'

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
      const endedAt = Date.parse(last.endedAt)
      const silent = isSilent(alarm, endedAt, clock.now())
      if (silent === undefined)
        return skipped(`The last run ended at ${last.endedAt}. When the alarm comes, cannot be told.`)
      if (silent) {
        const minutes = Math.floor((clock.now() - endedAt) / minuteMs)
        return failed(
          'ALARM_SILENT',
          `The last run ended at ${last.endedAt}, ${minutes} minutes ago, and two alarms (${shownAlarm(alarm)}) have passed since.`,
        )
      }
      return `The last run ended at ${last.endedAt}.`
    },
  }))
