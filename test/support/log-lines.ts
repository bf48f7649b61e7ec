import { setImmediate } from 'node:timers/promises'

// Before the first line: the logger keeps the console.log that it finds when it is made.
const log = jest.spyOn(console, 'log').mockImplementation(() => undefined)

/** The lines that actions log in this process, from now on. */
export function logLines(): () => Promise<string[]> {
  const before = log.mock.calls.length
  return async () => {
    // The logger is a stream, which may write a turn later.
    await setImmediate()
    return log.mock.calls.slice(before).map(([line]) => String(line).trimEnd())
  }
}
