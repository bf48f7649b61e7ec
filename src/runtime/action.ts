import { logLevelOf } from '../app/inputs'
import { startAttempt } from '../core/attempt'
import { type CallContext, untilAborted } from '../core/call-context'
import { type Clock, systemClock } from '../core/clock'
import { type BridgeError, toBridgeError, transientError } from '../core/errors'
import { isRecord, parseJson } from '../core/json'
import { createRedactor } from '../core/redaction'
import type { FlowContext } from '../flows/event-flow'
import { readInputs, secretsOf } from '../inputs/raw-inputs'
import { type Activation, readActivation } from './activation'
import { type Answer, type AnswerBody, type ForProgram, failure, success } from './answer'
import { workDeadline } from './deadline'
import { createLogger } from './logger'
import { createRecords } from './records'

/** What an action does with its params. Its answer is masked as a whole, unless a program reads it. */
export type ActionWork = (params: unknown, context: FlowContext) => Promise<Answer | ForProgram>

export type ActionOptions = {
  /**
   * The most that the work may take, in ms; the platform's limit when it is longer than that.
   * @default 50 s, for blocking activations
   */
  budgetMs?: number
  /** The status that makes the sender deliver again. @default 503, as I/O Events expects it */
  retryStatus?: number
  /** @default 'push' */
  trigger?: FlowContext['trigger']
  /** Callers are not authenticated: what fails is told in the log, and they learn that they have to come again. @default false */
  public?: boolean
  clock?: Clock
}

/** One for each container: it collects every secret and drops none. */
const redactor = createRedactor()

/** The platform refuses results over 1 MB. */
const maxAnswerBytes = 900_000

/**
 * Wraps the work of an action so that it always returns a well-formed answer, before the platform's time is up:
 * an error becomes an answer by the status table, and an unhandled rejection does not end the container.
 */
export function createAction(name: string, work: ActionWork, options: ActionOptions = {}) {
  const {
    clock = systemClock,
    budgetMs,
    retryStatus = 503,
    trigger = 'push',
    public: isPublic = false,
  } = options
  return (params: unknown): Promise<Answer> => {
    // Before anything asynchronous: the next activation overwrites the environment.
    const activation = readActivation(process.env)
    return run(params, activation).catch((thrown) => lastResort(thrown, retryStatus))
  }

  async function run(params: unknown, activation: Activation): Promise<Answer> {
    surviveStrayRejections()
    const inputs = readInputs(params)
    for (const secret of [activation.apiKey, ...secretsOf(inputs)]) redactor.add(secret)
    const logger = createLogger(name, logLevelOf(inputs), { redactor, fields: { activation: activation.id } })
    const started = clock.now()
    const deadline = workDeadline(started, activation.deadline, budgetMs)
    const attempt = startAttempt(new AbortController().signal, deadline - started, timeIsUp)
    const call: CallContext = { logger, signal: attempt.signal, deadline }
    try {
      const context = {
        ...createRecords(activation, inputs),
        inputs,
        redactor,
        clock,
        call,
        action: name,
        trigger,
      }
      const answer = await untilAborted(work(params, context), call.signal)
      return 'forProgram' in answer ? bounded(success(answer.forProgram)) : masked(answer)
    } catch (thrown) {
      const error = toBridgeError(thrown)
      logger.error('the action failed', {
        error: error.toJSON(),
        stack: error.code === 'UNEXPECTED' ? stackOf(thrown) : undefined,
      })
      return isPublic ? failure(retryStatus, notReady(name, error)) : answerFor(error, retryStatus)
    } finally {
      attempt.cancel(isOver)
      attempt.release()
    }
  }
}

const timeIsUp = (): BridgeError =>
  transientError(
    'TIME_IS_UP',
    'the time of the activation was up before the work was done; it can be done again',
  )

/** What lingers behind an answer ends with it. Made once: an error costs its stack. */
const isOver = timeIsUp()

/** Always a status that makes the sender deliver again: the failure has not been recorded anywhere. */
const answerFor = (error: BridgeError, retryStatus: number): Answer =>
  failure(retryStatus, { message: redactor.text(error.message), code: error.code })

/** What is not set up, or how, is nobody's business outside: the code of a systemic failure would tell that as well. */
const notReady = (name: string, { failureClass, code }: BridgeError): AnswerBody => ({
  message: `${name} is not ready`,
  ...(failureClass === 'systemic' ? {} : { code }),
})

function lastResort(thrown: unknown, retryStatus: number): Answer {
  try {
    createLogger('aem-asset-bridge', 'error', { redactor }).error('the wrapper itself failed', {
      error: thrown,
    })
  } catch {
    // A failure of the logger must not prevent the answer.
  }
  return failure(retryStatus, {
    message: 'unexpected failure',
    code: thrown instanceof Error ? thrown.name : 'UNEXPECTED',
  })
}

/** Products are as deep as JSON of a PIM may be, and lie a few levels below the answer. */
const maxAnswerDepth = 80

/**
 * The answer without secrets: what a PIM, AEM or an event says may hold some. Bounded before, since masking costs, and
 * after, since a mask may be longer than the secret.
 * @throws when JSON cannot carry the answer
 */
function masked(answer: Answer): Answer {
  const small = bounded(answer)
  if ('headers' in small) return bounded({ ...small, body: redactor.text(small.body) })
  return bounded(
    'error' in small
      ? failure(small.error.statusCode, maskedBody(small.error.body))
      : { statusCode: small.statusCode, body: maskedBody(small.body) },
  )
}

function maskedBody(body: AnswerBody): AnswerBody {
  // As it is sent: a date, for instance, is a text there.
  const shown = redactor.value(parseJson(JSON.stringify(body)), maxAnswerDepth)
  return Array.isArray(shown) || isRecord(shown) ? shown : {}
}

function bounded(answer: Answer): Answer {
  const size = Buffer.byteLength(JSON.stringify(answer))
  if (size <= maxAnswerBytes) return answer
  const body = {
    message: `the answer of ${size} bytes is larger than the platform takes, and was left out`,
  }
  return 'error' in answer ? failure(answer.error.statusCode, body) : { statusCode: answer.statusCode, body }
}

const stackOf = (thrown: unknown): string | undefined => (thrown instanceof Error ? thrown.stack : undefined)

let surviving = false

/** An unhandled rejection, in a user's mapping function for example, would end all activations of the container. */
function surviveStrayRejections(): void {
  if (surviving) return
  surviving = true
  process.on('unhandledRejection', (reason) => {
    createLogger('aem-asset-bridge', 'error', { redactor }).error(
      'a promise was rejected without a handler',
      {
        error: reason,
      },
    )
  })
}
