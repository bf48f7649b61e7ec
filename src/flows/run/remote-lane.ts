import * as v from 'valibot'
import { startAttempt } from '../../core/attempt'
import { bindCallContext } from '../../core/call-context'
import type { Clock } from '../../core/clock'
import { toBridgeError } from '../../core/errors'
import type { Activations } from '../../delivery/activations'
import { fullJitter } from '../../http/backoff'
import type { FlowContext } from '../event-flow'
import { type Flows, fileLeftOut, type Outcome, perform, type Work } from '../perform'
import type { Lane } from './work-queue'

const worker = 'export-worker'
/** Few enough to be done in time, as a rule. */
const worksAtOnce = 16
/** An invocation takes 1 MB. */
const maxPayloadBytes = 700_000
/** An invocation that somebody waits for ends after a minute. */
const budgetMs = 45_000
/** Larger files stay in the run. */
const maxBytes = 32 * 1024 * 1024
const backoff = { baseMs: 1_000, capMs: 15_000 }

const WorkSchema = v.object({
  action: v.string(),
  event: v.unknown(),
  destination: v.optional(v.string()),
})

/** What a worker is given. */
export const Works = v.object({ works: v.array(WorkSchema) })

const OutcomeSchema = v.object({
  kind: v.picklist(['done', 'skipped', 'dead-letter', 'again']),
  message: v.string(),
  bytes: v.number(),
  problems: v.array(
    v.object({
      destination: v.optional(v.string()),
      failureClass: v.picklist(['transient', 'systemic', 'permanent']),
      code: v.string(),
      message: v.string(),
      upstream: v.optional(v.string()),
      isRead: v.optional(v.boolean()),
    }),
  ),
  reached: v.array(v.string()),
  isRead: v.boolean(),
})

const Answer = v.object({ outcomes: v.array(v.nullable(OutcomeSchema)) })

/**
 * A lane that has its work done by an activation of `export-worker`, and waits for the answer. No answer means not
 * done: doing it again changes nothing.
 */
export function createRemoteLane(activations: Activations, { call }: FlowContext, clock: Clock): Lane {
  let failures = 0
  return {
    size: worksAtOnce,
    isLocal: false,
    async run(works) {
      const sent = fitting(works)
      if (sent.length === 0) return []
      try {
        const answer = v.parse(Answer, await activations.ask(worker, { works: sent }, call.signal))
        failures = 0
        return answer.outcomes.map((outcome) => outcome ?? undefined)
      } catch (thrown) {
        call.signal.throwIfAborted()
        call.logger.info('a worker gave no answer; its work is done here', {
          error: toBridgeError(thrown).toJSON(),
        })
        failures += 1
        // The platform has no room, as a rule.
        await clock.sleep(fullJitter(backoff, failures, Math.random()), call.signal)
        return []
      }
    },
  }
}

function fitting(works: readonly Work[]): readonly Work[] {
  let bytes = 0
  const end = works.findIndex((work) => {
    bytes += Buffer.byteLength(JSON.stringify(work))
    return bytes > maxPayloadBytes
  })
  return end < 0 ? works : works.slice(0, end)
}

/** The other side: does the work of a run, as far as there is time. Null for what the run has to do itself. */
export async function performAll(
  works: readonly Work[],
  parts: { flows: Flows; clock: Clock; concurrency: number },
  context: FlowContext,
): Promise<readonly (Outcome | null)[]> {
  const { call } = context
  const attempt = startAttempt(call.signal, budgetMs)
  const deadline = parts.clock.now() + budgetMs
  const own = {
    ...context,
    runtime: undefined,
    maxBytes,
    call: bindCallContext({ ...call, deadline, signal: attempt.signal }),
  }
  const outcomes: (Outcome | null)[] = works.map(() => null)
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < works.length; index = next++) {
      const work = works[index]
      if (work === undefined || attempt.signal.aborted) return
      outcomes[index] = await perform(work, parts.flows, own)
        .then((outcome) => (outcome.problems.some(({ code }) => code === fileLeftOut) ? null : outcome))
        .catch(() => null)
    }
  }
  try {
    await Promise.all(Array.from({ length: parts.concurrency }, lane))
    call.signal.throwIfAborted()
    return outcomes
  } finally {
    attempt.release()
  }
}
