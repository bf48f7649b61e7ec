import aioLogger from '@adobe/aio-lib-core-logging'
import { logLine } from '../core/log-line'
import { type LogFields, type Logger, type LogLevel, logLevels } from '../core/logger'
import type { Redactor } from '../core/redaction'

type Sink = ReturnType<typeof aioLogger>
const sinks = new Map<string, Sink>()

function sinkFor(label: string, level: LogLevel): Sink {
  const key = `${label} ${level}`
  const sink = sinks.get(key) ?? aioLogger(label, { level, logSourceAction: false })
  sinks.set(key, sink)
  return sink
}

/**
 * A logger of one activation: every line carries its fields, as JSON behind the message, and is redacted.
 * The lines of concurrent activations mix, so `fields` should tell whose they are.
 */
export function createLogger(
  label: string,
  level: LogLevel,
  parts: { redactor: Redactor; fields?: LogFields },
): Logger {
  const sink = sinkFor(label, level)
  const threshold = logLevels.indexOf(level)
  const write = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (logLevels.indexOf(at) > threshold) return
    // util.format, which the library applies, would read a % in the text.
    sink[at]('%s', logLine(message, { ...parts.fields, ...fields }, parts.redactor))
  }
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') }
}
