import { columns, type Fact, type Scene, setStage, Unexpected } from './demo/stage'
import type { Paint } from './print'
import type { Screen } from './progress'
import { MARKER } from './runtime/container'
import type { ActionSpec } from './runtime/runtime'
import { startSandbox } from './sandbox'

/** How to run the demonstration. */
export type DemoOptions = {
  /** The built actions; the first one receives *Asset Processing Completed*. */
  actions: Record<string, ActionSpec>
  scenes: readonly Scene[]
  screen: Screen
  paint: Paint
}

/**
 * Plays scenes on one sandbox and tells them in numbered steps. False when a step came out otherwise than expected;
 * then says what was expected, what was found, and what the actions logged.
 */
export const runDemo = async (options: DemoOptions): Promise<boolean> => {
  const { actions, scenes, screen, paint } = options
  const { write } = screen
  const sandbox = await startSandbox({ actions })
  try {
    const { ims, aem, state, pim } = sandbox
    const stage = setStage(sandbox, screen, paint)
    stage.step('The stand-ins are up, the built actions are deployed to the runtime stand-in')
    stage.detail(paint.dim(`IMS ${ims.url}, AEM ${aem.url}, State ${state.url}, PIM ${pim.url}`))
    const facts: Fact[][] = []
    for (const scene of scenes) facts.push([...(await scene(stage))])
    stage.step('What it took')
    for (const lines of columns(facts)) stage.block(lines)
    write(`\n${paint.green('All as expected.')}`)
    return true
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error
    write(`\n${paint.red('This step did not come out as expected.')}`)
    write(`   expected: ${error.expected}`)
    write(`   found:    ${error.found}`)
    for (const name of Object.keys(actions)) {
      const lines = sandbox.runtime.logs(name).split('\n')
      const logs = lines
        .filter((line) => line.trim() !== MARKER)
        .join('\n')
        .trim()
      if (logs !== '') write(`\nThe log of ${name}:\n${paint.dim(logs)}`)
    }
    return false
  } finally {
    await sandbox.close()
  }
}
