import { runScript } from '../command'
import type { Step } from './step'

/** A step that is a tool of somebody else's: what it prints is shown when it fails. */
const tool = (name: string, script: string, args: readonly string[]): Step => ({
  name,
  run: async () => {
    const { code, output } = await runScript(script, args)
    return code === 0 ? undefined : output
  },
})

/** The scripts of the dashboard's page run in a browser, and know nothing of Node. */
const pageTypes = tool('types', 'typescript/bin/tsc', ['--noEmit', '-p', 'cli/dashboard/page'])
const nodeTypes = tool('types', 'typescript/bin/tsc', ['--noEmit'])
export const types: Step = { name: 'types', run: async () => (await nodeTypes.run()) ?? pageTypes.run() }
export const lint = tool('lint', '@biomejs/biome/bin/biome', ['check', '--colors=off', '.'])
export const deadCode = tool('dead code', 'knip/bin/knip.js', ['--no-progress', '--no-config-hints'])
