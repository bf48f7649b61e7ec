import type { JsonObject } from '../../core/json'
import { visible } from '../../core/visible'
import type { Alert, News } from './alert'

/** What a webhook is sent in. */
export type AlertFormat = 'slack' | 'teams' | 'json'

/** An alert on its way; `test` is sent by an operator. */
export type Notice = Pick<Alert, 'code' | 'subject' | 'message' | 'since'> & { news: News | 'test' }

const teamsHosts =
  /(^|\.)(logic\.azure\.com|api\.powerplatform\.com|api\.powerautomate\.com|webhook\.office\.com)$/

/** The form that a host takes. */
export function formatOf({ hostname }: URL): AlertFormat {
  if (/^hooks\.slack(-gov)?\.com$/.test(hostname)) return 'slack'
  return teamsHosts.test(hostname) ? 'teams' : 'json'
}

const words: Readonly<Record<Notice['news'], string>> = {
  raised: 'ALERT',
  reminded: 'STILL',
  cleared: 'OVER',
  test: 'TEST',
}

/**
 * The body of a notice. Names in it may be anybody's: what steers is written out, and none of the forms reads markup.
 * Sources: Slack, formatting text (`&`, `<`, `>` are escaped; `mrkdwn: false`); Adaptive Cards 1.2, RichTextBlock, whose
 * TextRun reads no Markdown; Teams takes a message with the card as attachment.
 */
export function bodyOf(notice: Notice, app: string, format: AlertFormat): JsonObject {
  const { news, code, since } = notice
  const subject = visible(notice.subject)
  const message = visible(notice.message)
  const title = `${words[news]} ${code}${subject === '' ? '' : ` ${subject}`}`
  const about = `${visible(app)}, since ${since}`
  if (format === 'slack') {
    return { text: escaped(`${title}\n${message}\n${about}`), mrkdwn: false }
  }
  if (format === 'teams') {
    const line = (text: string, more: JsonObject = {}): JsonObject => ({
      type: 'RichTextBlock',
      inlines: [{ type: 'TextRun', text, ...more }],
    })
    const content = {
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.2',
      body: [line(title, { weight: 'bolder' }), line(message), line(about, { isSubtle: true })],
    }
    const contentType = 'application/vnd.microsoft.card.adaptive'
    return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] }
  }
  return { app: visible(app), news, code, subject, message, since }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
