import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const programs = [
  process.env.CHROMIUM ?? '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const program = programs.find((path) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
})

/** Why no Chromium can be started here; undefined when one can. */
export const missingChromium =
  program === undefined ? `there is no Chromium (${programs[0]}; CHROMIUM names another place)` : undefined

/** Starts the Chromium of this machine. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch(program === undefined ? {} : { executablePath: program })
