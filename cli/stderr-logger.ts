import { logLine } from '../src/core/log-line'
import type { LogFields, Logger } from '../src/core/logger'
import type { Redactor } from '../src/core/redaction'

/** Warnings and errors go to stderr: stdout is for results, which a program may read. */
export function createStderrLogger(redactor: Redactor): Logger {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      process.stderr.write(`${level}: ${logLine(message, fields, redactor)}\n`)
    }
  const silent = (): void => undefined
  return { error: write('error'), warn: write('warn'), info: silent, debug: silent }
}
