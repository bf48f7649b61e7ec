/** `npm start`: builds the app and shows the main jobs from end to end on the sandbox. */
import { parseArgs } from 'node:util'
import { buildDemo, checkDependencies, projectRoot, SetupError } from './build'
import { runDemo } from './demo'
import { enrichment } from './demo/enrichment'
import { exporting } from './demo/export'
import { productChange } from './demo/product-change'
import { writeBack } from './demo/write-back'
import { createPaint } from './print'
import { createScreen } from './progress'

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
  const isTerminal = process.stdout.isTTY === true
  const paint = createPaint(isTerminal)
  const screen = createScreen(process.stdout)
  try {
    checkArguments()
    checkDependencies(projectRoot)
    const actions = await buildDemo((line) => screen.write(paint.dim(line)))
    return (await runDemo({
      actions,
      scenes: [enrichment, productChange, writeBack, exporting],
      screen,
      paint,
    }))
      ? 0
      : 1
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
