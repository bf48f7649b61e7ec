import { appName } from '../src/app/alerts'
import { readAlerts, standing } from '../src/flows/alerts/memory'
import { openAlertWebhook } from '../src/flows/alerts/webhook'
import { createHttpClient } from '../src/http/http-client'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { CommandError, type CommandResult, examples } from './output'

export function addAlerts(program: Program, run: Run): void {
  const group = program.command('alerts').description('what the runs have raised, and where it is sent')
  group
    .command('list')
    .description('the alerts that stand')
    .addHelpText('after', examples('alerts list', 'alerts list --json | jq .'))
    .action(() => run(list))
  group
    .command('test')
    .description('sends a test alert to ALERT_WEBHOOK_URL, and says what its host answered')
    .addHelpText('after', examples('alerts test'))
    .action(() => run(test))
}

async function list({ store, call }: Environment): Promise<CommandResult> {
  const alerts = standing(await readAlerts(store, call().signal))
  const data = alerts.map(({ due, ...alert }) => ({ ...alert, sent: due === undefined }))
  const lines = data.map(
    ({ code, subject, message, since, sent }) =>
      `${code}  ${subject === '' ? '' : `${subject}  `}since ${since}  ${message}${sent ? '' : '  (not sent yet)'}`,
  )
  return { data, lines: lines.length === 0 ? ['No alert stands.'] : lines }
}

async function test(environment: Environment): Promise<CommandResult> {
  const { clock, namespace, call } = environment
  const app = namespace ?? appName(environment)
  const webhook = openAlertWebhook({ ...environment, http: createHttpClient() }, app)
  if (webhook === undefined)
    throw new CommandError('ALERT_WEBHOOK_URL is not set: alerts stand in the log only')
  const since = new Date(clock.now()).toISOString()
  const notice = { news: 'test', code: 'TEST', subject: '', message: 'This is a test.', since } as const
  const { status, answer } = await webhook.send(notice, call())
  return {
    data: { sent: true, format: webhook.format, status, answer },
    lines: [`Sent as ${webhook.format}. The host answered ${status}${answer === '' ? '' : ` ${answer}`}.`],
  }
}
