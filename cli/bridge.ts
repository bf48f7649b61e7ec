// Before anything loads the State library.
import './known-schemas.cjs'
import { createInterface } from 'node:readline/promises'
import { openEnvironment, openSettings } from './environment'
import { reserveStdout } from './output'
import { runProgram } from './program'
import { askAtTerminal } from './setup/terminal'

const stdout = reserveStdout()
const isAttended = process.stdin.isTTY && process.stderr.isTTY

/** On stderr: what is asked and told on the way is no result. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question} [y/N] `)
  terminal.close()
  return /^\s*y(es)?\s*$/i.test(answer)
}

const ended = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })

runProgram(process.argv.slice(2), {
  open: openEnvironment,
  openSettings,
  settings: { ...process.env },
  root: process.cwd(),
  stdout,
  stderr: (text) => process.stderr.write(text),
  confirm: isAttended ? confirm : undefined,
  ask: isAttended ? askAtTerminal : undefined,
  ended,
  // Returns to the start of the line, and clears what stands behind.
  progress: (text) => isAttended && process.stderr.write(`\r${text}\u001b[K`),
}).then((code) => {
  process.exitCode = code
})
