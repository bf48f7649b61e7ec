import { Argument } from '@commander-js/extra-typings'
import { createLeases } from '../src/delivery/lease'
import { type JobName, jobs } from '../src/plugin/deployment'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'

export function addLease(program: Program, run: Run): void {
  const group = program.command('lease').description('which runs are in progress')
  group
    .command('show')
    .description('who holds the lease of export-batch and of reconcile')
    .addHelpText('after', examples('lease show', 'lease show --json | jq .'))
    .action(() => run(show))
  group
    .command('unlock')
    .description('takes the lease from a run, so that the next alarm starts another one')
    .addArgument(new Argument('<job>', 'whose lease').choices(jobs))
    .addHelpText(
      'after',
      '\nA run renews its lease every minute, and one that crashed loses it after three: this is for those who cannot\nwait. A run that is still going on goes on beside the next one, and both do some work twice.\n' +
        examples('lease unlock export-batch'),
    )
    .action((job) =>
      run((environment) => unlock(environment, job), {
        destroys: `takes the lease from the run of ${job} that holds it, and the next one may run beside it`,
      }),
    )
}

const leasesOf = ({ store, clock }: Environment) => createLeases({ store, clock })

async function show(environment: Environment): Promise<CommandResult> {
  const call = environment.call()
  const leases = leasesOf(environment)
  const data = await Promise.all(
    jobs.map(async (job) => ({ job, holder: (await leases.holder(job, call)) ?? null })),
  )
  const lines = data.map(({ job, holder }) =>
    holder === null
      ? `${job}  free`
      : `${job}  held by ${holder.owner}  since ${holder.since}, until ${holder.until}`,
  )
  return { data, lines }
}

async function unlock(environment: Environment, job: JobName): Promise<CommandResult> {
  const call = environment.call()
  const leases = leasesOf(environment)
  const holder = await leases.holder(job, call)
  if (holder === undefined) {
    return { data: { job, unlocked: false, holder: null }, lines: [`Nobody holds the lease of ${job}.`] }
  }
  await leases.revoke(job, call)
  return {
    data: { job, unlocked: true, holder },
    lines: [`The lease of ${job} is free. ${holder.owner} held it since ${holder.since}.`],
  }
}
