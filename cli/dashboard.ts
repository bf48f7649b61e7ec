import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { startDashboard } from './dashboard/server'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'

export function addDashboard(program: Program, run: Run): void {
  program
    .command('dashboard')
    .description('a page on this machine: health, runs, dead letters, parked work, assets')
    .addOption(new Option('--port <n>', 'port on 127.0.0.1').default(0, 'any free one').argParser(portOf))
    .addHelpText(
      'after',
      '\nIt prints an address to open in a browser, and goes on until Ctrl-C. The address has a token in it: whoever knows it\nmay do there what you may.\n' +
        examples('dashboard', 'dashboard --port 9000'),
    )
    .action(({ port }) => run((environment) => serve(environment, port)))
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('--port must be a whole number from 0 to 65535')
}

async function serve(environment: Environment, wanted: number): Promise<CommandResult> {
  const { url, port, close } = await startDashboard(environment, wanted)
  return {
    data: { url, port },
    lines: [url, 'Open it in a browser on this machine. Ctrl-C ends it.'],
    serves: (ended) => ended.finally(close),
  }
}
