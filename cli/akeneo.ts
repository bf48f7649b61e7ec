import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { AkeneoParts } from './akeneo-parts'
import { oneOf, openAkeneo, requireOwn } from './akeneo-parts'
import { showLogs, showStatus } from './akeneo-reports'
import { subscribeAnew } from './akeneo-subscribe'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'

const nameOption = ['--name <name>', 'subscriber; default: aem-asset-bridge and the namespace'] as const
const dryRunOption = ['--dry-run', 'say what would be done, and do not'] as const

export function addAkeneo(program: Program, run: Run): void {
  const group = program.command('akeneo').description("the subscription at Akeneo's Event Platform")
  group
    .command('subscribe')
    .description(
      'have product events sent to this app as inputs and options say: creates, changes, replaces secrets, resumes; again and again',
    )
    .option('--url <url>', 'where they go: npx aio app get-url pim-events prints it; needed the first time')
    .option('--email <address>', 'who is told when Akeneo suspends; needed the first time')
    .option('--events <a,b>', 'in place of the usual ones, such as product.updated.delta; or usual')
    .option('--filter <text>', "Akeneo's filter, such as 'not user_type=\"system\"'")
    .option('--unchecked', 'do not ask the receiver first whether it knows the secrets')
    .option(...nameOption)
    .option(...dryRunOption)
    .addHelpText(
      'after',
      examples(
        'akeneo subscribe --url https://... --email operator@example.com --dry-run',
        'akeneo subscribe --events product.updated.delta',
      ),
    )
    .action((options) => {
      const mode = { ...options, dryRun: options.dryRun ?? false }
      return run((environment) => subscribeAnew(environment, openAkeneo(environment, options.name), mode))
    })
  group
    .command('status')
    .description('what is subscribed, whether it works, and the errors of the last day')
    .option('--unchecked', 'do not ask the receiver')
    .option(...nameOption)
    .action(({ name, unchecked }) =>
      run((environment) => showStatus(environment, openAkeneo(environment, name), unchecked ?? false)),
    )
  group
    .command('logs')
    .description("Akeneo's log of deliveries")
    .argument('[id]', 'of a subscription, as status shows it')
    .option('--errors', 'only what failed')
    .option('--hours <n>', 'how far back, 720 at most', hoursOf, 24)
    .option('--query <name=value>', "a parameter of Akeneo's request; may be repeated", pairOf, {})
    .option(...nameOption)
    .addHelpText('after', examples('akeneo logs --errors --hours 72'))
    .action((id, { name, errors = false, hours, query }) =>
      run((environment) => showLogs(openAkeneo(environment, name), { id, errors, hours, query })),
    )
  group
    .command('suspend')
    .description('stop deliveries')
    .argument('[id]', 'of a subscription, as status shows it')
    .option(...nameOption)
    .option(...dryRunOption)
    .action((id, { name, dryRun = false }) =>
      run((environment) => suspend(openAkeneo(environment, name), { id, dryRun }), {
        destroys: dryRun
          ? undefined
          : 'stops deliveries: what happens in the PIM meanwhile is not told later',
      }),
    )
  group
    .command('delete')
    .description('end the subscription for good, and the subscriber with its last one')
    .argument('[id]', 'of a subscription, as status shows it')
    .option(...nameOption)
    .option(...dryRunOption)
    .action((id, { name, dryRun = false }) =>
      run((environment) => remove(openAkeneo(environment, name), { id, dryRun }), {
        destroys: dryRun ? undefined : 'ends the subscription for good',
      }),
    )
}

/** The log goes back 30 days. */
function hoursOf(text: string): number {
  const hours = Number(text)
  if (!(hours > 0 && hours <= 720)) throw new InvalidArgumentError('--hours must be a number up to 720')
  return hours
}

function pairOf(pair: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('--query must be name=value')
  return { ...before, [name]: value }
}

type Chosen = { id: string | undefined; dryRun: boolean }

async function suspend(parts: AkeneoParts, { id, dryRun }: Chosen): Promise<CommandResult> {
  const it = oneOf(await requireOwn(parts), id)
  const data = { id: it.id, was: it.status, status: 'suspended', dryRun }
  if (it.status === 'suspended') return { data, lines: [`${it.id} is suspended already.`] }
  if (dryRun) return { data, lines: [`would suspend ${it.id}, which is ${it.status}`] }
  await parts.platform.setActive(it, false, parts.call)
  return {
    data,
    lines: [
      `${it.id} is suspended. What happens in the PIM until you resume it (akeneo subscribe) is not told later.`,
    ],
  }
}

async function remove(parts: AkeneoParts, { id, dryRun }: Chosen): Promise<CommandResult> {
  const own = await requireOwn(parts)
  const { subscriber, subscriptions } = own
  const isEmpty = subscriptions.length === 0 && id === undefined
  const it = isEmpty ? undefined : oneOf(own, id)
  const isLast = subscriptions.every((other) => other === it)
  const what = [
    ...(it === undefined ? [] : [`the subscription ${it.id} to ${it.config.url}`]),
    ...(isLast ? [`the subscriber ${JSON.stringify(subscriber.name)} (${subscriber.id})`] : []),
  ]
  const data = {
    ...(it === undefined ? {} : { subscription: it.id }),
    ...(isLast ? { subscriber: subscriber.id } : {}),
    dryRun,
  }
  if (dryRun) return { data, lines: [`would delete ${what.join(' and ')}`] }
  if (it !== undefined) await parts.platform.deleteSubscription(it, parts.call)
  if (isLast) await parts.platform.deleteSubscriber(subscriber.id, parts.call)
  return { data, lines: [`Deleted ${what.join(' and ')}.`] }
}
