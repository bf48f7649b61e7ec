import type { RunReport } from '../delivery/run-reports'
import type { Alert, Finding } from '../flows/alerts/alert'
import { expiryOf } from '../flows/alerts/expiry'
import type { RunResult } from '../flows/run/run-result'
import type { RawInputs } from '../inputs/raw-inputs'
import type { Gap } from '../journal/reader'
import type { Registration } from '../journal/registrations'
import type { Alarm, JobName } from '../plugin/deployment'
import { isSilent, shownAlarm } from './silence'
import type { SubscriptionNote } from './subscription-note'

/** What a run knows at its end. */
export type Facts = {
  job: JobName
  result: Pick<RunResult, 'outcome' | 'error' | 'systems'>
  now: number
  inputs: RawInputs
  limits: { deadLetters: number; pending: number; expiryDays: number }
  deadLetters: number
  pending: number
  /** Undefined when they could not be read. */
  registrations: readonly Registration[] | 'off' | undefined
  subscription: SubscriptionNote | undefined
  /** Reports are the newest first. A job that is not set up has no alarm. */
  jobs: readonly { name: JobName; alarm: Alarm; reports: readonly RunReport[] }[]
}

const dayMs = 24 * 3_600_000
/** As long as a journal keeps an event: then nothing can be said of the gap any more. */
const gapMs = 7 * dayMs
const failuresInARow = 3

/** What a run finds wrong or in order; what it does not know is left out. */
export const findingsFrom = (facts: Facts, standing: readonly Alert[]): readonly Finding[] => [
  ...registrations(facts, standing),
  subscription(facts),
  ...records(facts, standing),
  ...systems(facts, standing),
  ...runs(facts),
  ...silence(facts),
  ...expiries(facts, standing),
  ...gaps(facts, standing),
]

const ok = ({ code, subject }: Pick<Alert, 'code' | 'subject'>, message: string): Finding => ({
  code,
  subject,
  message,
  isWrong: false,
})

/** Those of a code that stand and were not found this time are over. */
function over(
  code: string,
  wrong: readonly Finding[],
  standing: readonly Alert[],
  message: string,
): Finding[] {
  const found = new Set(wrong.map(({ subject }) => subject))
  return standing.filter((it) => it.code === code && !found.has(it.subject)).map((it) => ok(it, message))
}

function registrations({ registrations: all }: Facts, standing: readonly Alert[]): Finding[] {
  if (all === undefined) return []
  const listed = all === 'off' ? [] : all
  const wrong = (code: string, health: Registration['health'], what: string): Finding[] => {
    const found = listed
      .filter((it) => it.health === health)
      .map(({ id, name }) => ({
        code,
        subject: id,
        message: `I/O Events ${what} the registration ${name.slice(0, 100)}.`,
        isWrong: true,
      }))
    return [...found, ...over(code, found, standing, 'The registration is in order, or no longer watched.')]
  }
  return [
    ...wrong('REGISTRATION_DISABLED', 'disabled', 'no longer pushes to'),
    ...wrong('REGISTRATION_UNSTABLE', 'unstable', 'sees most deliveries fail and will disable'),
  ]
}

const subscription = ({ subscription: note }: Facts): Finding => ({
  code: 'AKENEO_SUBSCRIPTION_STOPPED',
  subject: '',
  message:
    note === undefined
      ? 'The subscription works again.'
      : `Akeneo sends no events any more since ${note.at}.`,
  isWrong: note !== undefined,
})

function records(facts: Facts, standing: readonly Alert[]): Finding[] {
  const many = (code: string, count: number, most: number, what: string): Finding => {
    const stands = standing.some((it) => it.code === code && it.due !== 'cleared')
    return {
      code,
      subject: '',
      message: `There are ${count} ${what}.`,
      isWrong: count > (stands ? most / 2 : most),
    }
  }
  return [
    many('DEAD_LETTERS', facts.deadLetters, facts.limits.deadLetters, 'dead letters'),
    many('PENDING_WORK', facts.pending, facts.limits.pending, 'parked pieces of work'),
  ]
}

/** Another party that does not take what it is asked with, by the code of its failure. */
const isRefusal = (code: string): boolean =>
  /_(UNAUTHORIZED|FORBIDDEN)$/.test(code) || code === 'IMS_REFUSED' || code === 'AEM_API_KEY_REFUSED'

const refused = 'CREDENTIALS_REFUSED'
const down = 'SYSTEM_DOWN'

/** Destinations, the PIM and AEM's files, as the run saw them. What it did not ask stays as it was while work waits. */
function systems({ result, pending }: Facts, standing: readonly Alert[]): Finding[] {
  const { down: fallen, worked } = result.systems ?? { down: [], worked: [] }
  const wrong = fallen.map(({ system, code = 'UNEXPECTED' }): Finding => {
    const subject = system.slice(0, 100)
    return isRefusal(code)
      ? { code: refused, subject, message: `${subject} refuses the credentials (${code}).`, isWrong: true }
      : { code: down, subject, message: `${subject} is down (${code}); its work is parked.`, isWrong: true }
  })
  const isDown = new Set(wrong.map(({ subject }) => subject))
  const isUp = new Set(worked.map((system) => system.slice(0, 100)))
  const ended = standing.filter(
    ({ code, subject }) =>
      (code === down || code === refused) &&
      !isRunSubject(subject) &&
      !isDown.has(subject) &&
      (isUp.has(subject) || pending === 0),
  )
  return [...wrong, ...ended.map((it) => ok(it, `${it.subject} works again, or nothing waits for it.`))]
}

/** What stopped a whole run stands under the job, so that the other job's view does not end it. */
const runSubject = (job: JobName): string => `run of ${job}`
const isRunSubject = (subject: string): boolean => subject.startsWith('run of ')

function runs({ job, result, jobs }: Facts): Finding[] {
  const subject = runSubject(job)
  const { outcome, error } = result
  if (outcome === 'skipped') return []
  const refusal = outcome === 'failed' && error !== undefined && isRefusal(error.code)
  const last = jobs.find(({ name }) => name === job)?.reports.slice(0, failuresInARow) ?? []
  const isFailing = last.length === failuresInARow && last.every((it) => it.outcome === 'failed')
  const code = error?.code ?? 'UNEXPECTED'
  return [
    {
      code: refused,
      subject,
      message: refusal
        ? `${error.upstream ?? 'A system'} refuses the credentials (${code}).`
        : 'They are accepted.',
      isWrong: refusal,
    },
    ...(outcome === 'failed' && (refusal || !isFailing)
      ? []
      : [
          {
            code: 'RUNS_FAIL',
            subject,
            message: isFailing ? `The last ${failuresInARow} runs failed (${code}).` : 'A run did not fail.',
            isWrong: outcome === 'failed',
          },
        ]),
  ]
}

function silence({ job, jobs, now }: Facts): Finding[] {
  return jobs.flatMap(({ name, alarm, reports: [last] }) => {
    const it = { code: 'ALARM_SILENT', subject: name }
    // The job that looks runs.
    if (name === job || alarm === 'off') return [ok(it, 'It runs, or its alarm is off.')]
    const silent = last === undefined ? undefined : isSilent(alarm, Date.parse(last.endedAt), now)
    if (last === undefined || silent === undefined) return []
    const message = silent
      ? `No run has ended since ${last.endedAt}, and its alarm is ${shownAlarm(alarm)}.`
      : 'It runs again.'
    return [{ ...it, message, isWrong: silent }]
  })
}

function expiries({ inputs, limits, now }: Facts, standing: readonly Alert[]): Finding[] {
  const wrong = Object.entries(inputs).flatMap(([subject, text]): Finding[] => {
    const at = expiryOf(text)
    if (at === undefined || at - now > limits.expiryDays * dayMs) return []
    const when = `${at < now ? 'ended' : 'ends'} at ${new Date(at).toISOString()}`
    return [{ code: 'SECRET_EXPIRES', subject, message: `What ${subject} holds ${when}.`, isWrong: true }]
  })
  return [...wrong, ...over('SECRET_EXPIRES', wrong, standing, 'It was replaced.')]
}

const gapCode = 'JOURNAL_GONE'

/** Events that expired unread. */
export function gapFinding({ from, to }: Gap): Finding {
  const since = from === undefined ? 'an unknown time' : new Date(from).toISOString()
  const subject = `${since} to ${new Date(to).toISOString()}`
  return {
    code: gapCode,
    subject,
    message: 'Events of this time expired unread: process their assets again.',
    isWrong: true,
  }
}

const gaps = ({ now }: Facts, standing: readonly Alert[]): Finding[] =>
  standing
    .filter(({ code, since }) => code === gapCode && now - Date.parse(since) > gapMs)
    .map((it) => ok(it, 'It is seven days old and not told of any more.'))
