import type { CallContext } from '../../src/core/call-context'
import type { LogFields } from '../../src/core/logger'

/** A call as an activation would make it, with the end of its time in the test's hands. */
export type TestCall = CallContext & {
  abort(reason: unknown): void
  /** Everything that was logged, as text, before any redaction. */
  log: string[]
}

/** Starts a call; without a deadline it has all the time there is. */
export function startCall(options: { deadline?: number } = {}): TestCall {
  const controller = new AbortController()
  const log: string[] = []
  const write =
    (level: string) =>
    (message: string, fields?: LogFields): void => {
      log.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`)
    }
  const logger = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') }
  const call = {
    logger,
    signal: controller.signal,
    deadline: options.deadline ?? Number.POSITIVE_INFINITY,
    abort: (reason: unknown) => controller.abort(reason),
    log,
  }
  return call
}

/** What a promise is rejected with; fails when it is not. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (thrown) {
    return thrown
  }
  throw new Error('expected a rejection')
}
