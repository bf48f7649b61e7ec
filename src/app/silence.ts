import type { Alarm } from '../plugin/deployment'
import { dueBefore } from './cron'

const minuteMs = 60_000
/** A run may take its eight minutes, and what it has begun may take longer. */
const patienceMs = 20 * minuteMs

/**
 * Whether an alarm is silent: it has come twice since the last run ended, and 20 minutes have passed. This is the one rule
 * of `status`, `doctor` and the alerts.
 * @param endedAt when the last run of its job ended, in milliseconds since the epoch
 * @returns undefined when it cannot be told: the alarm is a cron expression that never comes
 */
export function isSilent(alarm: Exclude<Alarm, 'off'>, endedAt: number, now: number): boolean | undefined {
  const before = now - patienceMs
  const due = 'cron' in alarm ? dueBefore(alarm.cron, before, 2) : before - 2 * alarm.minutes * minuteMs
  return due === undefined ? undefined : endedAt < due
}

/** An alarm, for a message. */
export const shownAlarm = (alarm: Exclude<Alarm, 'off'>): string =>
  'cron' in alarm ? alarm.cron : `every ${alarm.minutes} minutes`
