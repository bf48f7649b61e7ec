import type { LogFields } from './logger'
import type { Redactor } from './redaction'
import { visible } from './visible'

const maxLine = 100_000

/** A line of a log: the message, and its fields as JSON behind it. Redacted, on one line, and of bounded length. */
export function logLine(message: string, fields: LogFields, redactor: Redactor): string {
  const json = JSON.stringify(redactor.value(fields))
  const text = redactor.text(message)
  const line = visible(json === '{}' ? text : `${text} ${json}`)
  return line.length <= maxLine ? line : `${line.slice(0, maxLine)}... [cut: ${line.length} characters]`
}
