/** `npm start`: builds the app and shows the main job from end to end on the sandbox. */
import { parseArgs } from 'node:util'
import { buildAction, checkDependencies, projectRoot, SetupError } from './build'
import { runDemo } from './demo'
import { createPaint } from './print'

/** It takes no arguments, and says so before the build. */
const checkArguments = (): void => {
  try {
    parseArgs()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SetupError(`${reason}\nUsage: npm start`)
  }
}

const main = async (): Promise<number> => {
  const paint = createPaint(process.stdout.isTTY === true)
  const write = (line: string): void => console.log(line)
  try {
    checkArguments()
    checkDependencies(projectRoot)
    write(paint.dim('Building the actions with `aio app build` (a moment)...\n'))
    const bundle = await buildAction(projectRoot, 'generic')
    return (await runDemo({ bundle, write, paint })) ? 0 : 1
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(paint.red(error.message))
    return 1
  }
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  },
)
