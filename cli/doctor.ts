import { type CheckResult, runChecks } from '../src/app/doctor/checks'
import { isOfApp } from '../src/app/doctor/deployed'
import { doctorChecks } from '../src/app/doctor/doctor'
import { checksInWorker } from './doctor-deployed'
import { deploymentChecks } from './doctor-deployment'
import { environmentChecks } from './doctor-surroundings'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'

export function addDoctor(program: Program, run: Run): void {
  program
    .command('doctor')
    .description('asks every party whether the set-up is right, and says what to do where it is not')
    .option('--write', 'also write small probes to AEM, State and the destinations, and remove them again')
    .option(
      '--deployed',
      'have AEM, IMS, PIM, State and destinations checked by the deployed app, with its inputs',
    )
    .addHelpText('after', examples('doctor', 'doctor --write', 'doctor --deployed', 'doctor --json | jq .'))
    .action(({ write = false, deployed = false }) =>
      run((environment) => doctor(environment, { write, deployed })),
    )
}

const silent = (): void => undefined
/** What a check finds is in its answer. */
const logger = { error: silent, warn: silent, info: silent, debug: silent }

type Options = { write: boolean; deployed: boolean }

/** The answers of all checks. */
export async function examine(
  environment: Environment,
  { write, deployed }: Options,
): Promise<readonly CheckResult[]> {
  const call = { ...environment.call(), logger }
  const context = { ...environment, call, action: 'doctor' }
  const checks = [
    ...doctorChecks(context, { write, stateOf: environment.stateOf }),
    ...environmentChecks(environment),
    ...(deployed ? [] : deploymentChecks(environment, ['state.access'])),
  ].filter(({ name }) => !deployed || !isOfApp(name) || name.startsWith('ims.'))
  const [here, there] = await Promise.all([
    runChecks(checks, environment, call),
    deployed ? checksInWorker(environment, write, call) : [],
  ])
  // Without a token of this machine the journal and the registrations cannot be asked; who is told is the app's own.
  return [...here.filter(({ name }) => !deployed || !isOfApp(name)), ...there]
}

async function doctor(environment: Environment, options: Options): Promise<CommandResult> {
  const results = await examine(environment, options)
  const count = (status: CheckResult['status']): number =>
    results.filter((result) => result.status === status).length
  const wrong = count('failed')
  return {
    data: { ok: wrong === 0, checks: results },
    failed: wrong > 0,
    lines: [
      ...results.flatMap(linesOf),
      '',
      `${count('ok')} ok, ${wrong} failed, ${count('warning')} warnings, ${count('skipped')} skipped`,
    ],
  }
}

const linesOf = ({ name, status, code, message, remedy }: CheckResult): string[] => [
  `${status.padEnd(7)}  ${name}  ${code === undefined ? '' : `${code}: `}${message}`,
  ...(remedy === undefined ? [] : [`         -> ${remedy}`]),
]
