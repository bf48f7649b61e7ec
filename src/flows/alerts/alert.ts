import * as v from 'valibot'

/** What is told of an alert: it begins, it still stands after a day, it is over. */
export const newsKinds = ['raised', 'reminded', 'cleared'] as const
export type News = (typeof newsKinds)[number]

/** An alert that stands, or whose end was not sent yet. */
export const AlertRecord = v.object({
  /** Stable, upper case, such as `DEAD_LETTERS`. */
  code: v.string(),
  /** What it is about, such as the name of a destination; empty where the code says it all. */
  subject: v.string(),
  /** A sentence without paths, ids of assets, or anything that an outside system wrote. */
  message: v.string(),
  /** ISO 8601. */
  since: v.pipe(v.string(), v.isoTimestamp()),
  /** When the last news of it was logged; ISO 8601. */
  newsAt: v.pipe(v.string(), v.isoTimestamp()),
  /** What has not arrived at the webhook yet. */
  due: v.optional(v.picklist(newsKinds)),
})
export type Alert = v.InferOutput<typeof AlertRecord>

/** What a run found out about one matter. What is not found out is left as it is. */
export type Finding = Pick<Alert, 'code' | 'subject' | 'message'> & { isWrong: boolean }

const reminderMs = 24 * 3_600_000
/** They are one value in State, and each is sent by itself. */
const maxAlerts = 50
const maxMessage = 300

/**
 * The alerts after a run: new ones are raised, those that stand for a day are reminded of, those that are over are cleared.
 * A cleared one is kept until its end has been sent.
 * @returns all alerts, and those among them that have news
 */
export function nextAlerts(
  standing: readonly Alert[],
  findings: readonly Finding[],
  now: number,
): { alerts: readonly Alert[]; news: readonly Alert[] } {
  const at = new Date(now).toISOString()
  const found = new Map(findings.map((finding) => [keyOf(finding), finding]))
  const news: Alert[] = []
  const told = (alert: Alert): Alert => {
    news.push(alert)
    return alert
  }
  const kept = standing.map((alert): Alert => {
    const finding = found.get(keyOf(alert))
    found.delete(keyOf(alert))
    if (alert.due === 'cleared') return finding?.isWrong ? told(raised(finding, at)) : alert
    if (finding?.isWrong === false)
      return told({ ...alert, message: short(finding), newsAt: at, due: 'cleared' })
    // What was raised and has not arrived yet needs no reminder.
    if (alert.due !== undefined || now - Date.parse(alert.newsAt) < reminderMs) return alert
    const message = finding === undefined ? alert.message : short(finding)
    return told({ ...alert, message, newsAt: at, due: 'reminded' })
  })
  const fresh = [...found.values()]
    .filter(({ isWrong }) => isWrong)
    .slice(0, Math.max(0, maxAlerts - kept.length))
    .map((finding) => told(raised(finding, at)))
  return { alerts: [...kept, ...fresh], news }
}

const raised = (finding: Finding, at: string): Alert => ({
  code: finding.code,
  subject: finding.subject,
  message: short(finding),
  since: at,
  newsAt: at,
  due: 'raised',
})

const short = ({ message }: Finding): string => message.slice(0, maxMessage)

const keyOf = ({ code, subject }: Pick<Alert, 'code' | 'subject'>): string => `${code} ${subject}`
