import type { Program, Run } from './host'
import { addSetupCi } from './setup/ci'

export function addSetup(program: Program, run: Run): void {
  const setup = program.command('setup').description('what brings the app into an environment')
  addSetupCi(setup, run)
}
