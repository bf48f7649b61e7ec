import { toBridgeError } from '../src/core/errors'
import type { Registration } from '../src/journal/registrations'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples, UsageError } from './output'
import { openRegistrations } from './registrations'

export function addEvents(program: Program, run: Run): void {
  const group = program.command('events').description('whether I/O Events pushes to the app')
  group
    .command('status')
    .description('the state of each registration; exit code 1 when one is disabled or unstable')
    .addHelpText('after', examples('events status', 'events status --json | jq .'))
    .action(() => run(status))
  group
    .command('enable')
    .description('has disabled registrations push again')
    .argument('[id...]', 'as status shows them')
    .option('--all', 'all that are disabled')
    .addHelpText(
      'after',
      '\nWhat was not pushed meanwhile is in the journal, and export-batch takes it from there.\n' +
        examples('events enable --all'),
    )
    .action((ids, { all }) => {
      if (Boolean(all) === ids.length > 0) throw new UsageError('name one id or more, or --all')
      return run((environment) => enable(environment, all ? 'all' : ids))
    })
}

async function status(environment: Environment): Promise<CommandResult> {
  const data = await openRegistrations(environment).list()
  const lines = data.map(lineOf)
  return {
    data,
    lines: lines.length === 0 ? ['The workspace has no event registrations.'] : lines,
    failed: data.some(({ health }) => health !== 'ok'),
  }
}

const remedies = {
  ok: '',
  unstable: '  most deliveries fail: see why, for it will be disabled',
  disabled: '  nothing is pushed: mend the cause, then events enable',
} as const

const lineOf = ({ id, name, runtimeAction, deliveryType, health, status = '' }: Registration): string =>
  `${id}  ${health}  ${name}  ${runtimeAction ?? deliveryType ?? ''}  ${status}${remedies[health]}`

async function enable(environment: Environment, ids: readonly string[] | 'all'): Promise<CommandResult> {
  const registrations = openRegistrations(environment)
  const known = await registrations.list()
  const chosen = ids === 'all' ? known.filter(({ health }) => health === 'disabled').map(({ id }) => id) : ids
  const data = []
  for (const id of chosen) {
    const before = known.find((one) => one.id === id)
    if (before === undefined) data.push({ id, ok: false, message: 'there is no such registration' })
    else if (before.health !== 'disabled') data.push({ id, ok: true, message: 'it is not disabled' })
    else data.push(await enabled(environment, registrations, id))
  }
  const lines = data.map(({ id, message }) => `${id}  ${message}`)
  return {
    data,
    lines: lines.length === 0 ? ['No registration is disabled.'] : lines,
    failed: data.some(({ ok }) => !ok),
  }
}

type Item = { id: string; ok: boolean; message: string }

async function enabled(
  { redactor }: Environment,
  registrations: ReturnType<typeof openRegistrations>,
  id: string,
): Promise<Item> {
  try {
    const { health, status = '' } = await registrations.enable(id)
    return health === 'disabled'
      ? { id, ok: false, message: `I/O Events took it, and it is still disabled (${status})` }
      : { id, ok: true, message: 'enabled' }
  } catch (thrown) {
    const { code, message } = toBridgeError(thrown)
    return { id, ok: false, message: redactor.text(`${code}: ${message}`) }
  }
}
