import { join } from 'node:path'
import { plainInputs, secretInputs } from '#declared-inputs'
import { destinationsOn } from '../src/app/choices'
import type { Parsed } from '../src/inputs/declaration'
import { examine } from './doctor'
import type { Host, Opens, Program, Run } from './host'
import { CommandError, type CommandResult, examples, UsageError } from './output'
import { type AnswerOptions, type Decided, decide } from './setup/answers'
import { type Ask, answered } from './setup/ask'
import { addSetupCi } from './setup/ci'
import { envFile, envTemplate, requireIgnored } from './setup/env-steps'
import { readEnvText } from './setup/env-text'
import { changedLines, sorted } from './setup/items'
import { findKnown, type Values } from './setup/known'
import { setupReport } from './setup/report'
import { runSteps } from './setup/run-steps'
import type { SetupAnswers, SetupContext, SetupItem, SetupStep } from './setup/step'
import { steps } from './setup/steps'
import { textOf } from './setup/written-file'

export function addSetup(program: Program, run: Run): void {
  const command = program
    .command('setup')
    .description('brings an environment to where it can be deployed and used; asks what it cannot find out')
    .option('--aem <origin>', 'the AEM author')
    .option('--folder <path>', 'a folder that the app may write to; may be given again', collect)
    .option('--pim <name>', 'the PIM: a communicator of config/enrichment.ts')
    .option(
      '--destination <name>',
      'a destination of config/destinations.ts, or none; may be given again',
      collect,
    )
    .option('--set <INPUT=value>', 'an input that is not secret; may be given again', collect)
    .option('--event-proxy', 'AEM has the older event proxy, which has to send publications')
    .option('--no-event-proxy', 'it has it no longer')
    .option('--email <address>', 'who is told when Akeneo suspends the subscription; needed the first time')
    .option('--hook <url>', "where Akeneo's events go, in place of the deployed action pim-events")
    .option('--dry-run', 'say what would be changed, and do not')
    .option('--no-doctor', 'do not ask all parties at the end whether the set-up is right')
    .addHelpText(
      'after',
      examples(
        'setup --env stage',
        'setup --env stage --dry-run',
        'setup --env stage --yes --aem https://author-p1-e2.adobeaemcloud.com --pim mock --destination azure',
      ),
    )
    .action(async ({ dryRun = false, doctor, ...options }) => {
      let begun: Begun | undefined
      const opens: Opens = async (name, host) => {
        begun = await begin(name, options, host)
        return host.openSettings(settingsOf(host, begun.values))
      }
      await run(
        async (environment) => {
          if (begun === undefined) throw new CommandError('nothing was decided')
          return setup(begun, { dryRun, root: begun.host.root, environment }, doctor)
        },
        { opens },
      )
    })
  addSetupCi(command, run)
}

type Begun = Decided & { host: Host }

const collect = (one: string, before: readonly string[] = []): readonly string[] => [...before, one]

/** Finds out and asks what the setup is about. Nothing is written. */
async function begin(name: string | undefined, options: AnswerOptions, host: Host): Promise<Begun> {
  const env = await nameOf(name, host.ask)
  await requireIgnored(`.env.${env}`, host.root)
  return { ...(await decide(env, options, await findKnown(env, host), host.ask)), host }
}

async function nameOf(name: string | undefined, ask: Ask | undefined): Promise<string> {
  const read = (text: string): Parsed<string> =>
    /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) && text !== 'example'
      ? { value: text }
      : { problem: `${JSON.stringify(text)} is no name of an environment, such as stage or production` }
  if (name === undefined) {
    if (ask === undefined) throw new UsageError('nobody can be asked here, and --env <name> is missing')
    return answered(ask, { text: 'The name of the environment', usual: 'stage' }, read)
  }
  const parsed = read(name)
  if ('problem' in parsed) throw new UsageError(`--env: ${parsed.problem}`)
  return parsed.value
}

/** What the process sets besides inputs, with the inputs of the environment alone. */
const settingsOf = ({ settings }: Host, values: Values) => {
  const isInput = (name: string): boolean => [...plainInputs, ...secretInputs].some((one) => one === name)
  return { ...Object.fromEntries(Object.entries(settings).filter(([name]) => !isInput(name))), ...values }
}

async function setup(
  { answers, values, host }: Begun,
  context: SetupContext,
  withDoctor: boolean,
): Promise<CommandResult> {
  const all: readonly SetupStep[] = [envFile(values), envTemplate(values), stillOn, ...steps]
  const { dryRun, environment } = context
  if (!dryRun && host.confirm !== undefined) {
    const { items } = await runSteps(all, answers, { ...context, dryRun: true }, host.progress)
    const changes = changedLines(sorted(items), true)
    host.progress('')
    if (changes.length > 0) {
      host.stderr(`${changes.map((line) => `${line}\n`).join('')}`)
      if (!(await host.confirm('Go on?'))) throw new CommandError('nothing was done')
    }
  }
  const results = await runSteps(all, answers, context, host.progress)
  host.progress(withDoctor ? 'doctor' : '')
  // Steps find inputs out, such as the journals.
  const now = dryRun
    ? environment
    : await host.openSettings(settingsOf(host, await writtenValues(values, answers, host)))
  const checks = withDoctor ? await examine(now, { write: false, deployed: false }) : undefined
  return setupReport(answers, results, { checks, dryRun })
}

/** What was decided, with what the steps have written beside it. */
async function writtenValues(values: Values, { env }: SetupAnswers, { root }: Host): Promise<Values> {
  const written = readEnvText((await textOf(join(root, `.env.${env}`))) ?? '')
  return { ...values, ...written }
}

/** A destination is on while its inputs are set, whatever was answered. */
const stillOn: SetupStep = {
  name: 'destinations',
  run: async ({ env, destinations }, { environment: { inputs } }) =>
    destinationsOn(inputs)
      .filter((name) => !destinations.includes(name))
      .map(
        (name): SetupItem => ({
          kind: 'manual',
          what: `take the inputs of the destination ${name} out: it was not chosen, and is on while they are set`,
          where: `.env.${env}`,
          file: `.env.${env}`,
        }),
      ),
}
