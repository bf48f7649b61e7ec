/** From the most severe to the most verbose. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

/** Fields of a log line. The logger redacts them. */
export type LogFields = Readonly<Record<string, unknown>>

/** What the app logs to. */
export type Logger = {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}

/** The same logger, whose lines carry these fields, too. Those of a line itself come first. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, own?: LogFields): void =>
      logger[level](message, { ...fields, ...own })
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}
