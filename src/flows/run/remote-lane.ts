import * as v from 'valibot'
import { startAttempt } from '../../core/attempt'
import { withSignal } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import { jsonBytes } from '../../core/json'
import type { Activations } from '../../delivery/activations'
import { namesAsset, reducedEvent } from '../../events/reduce'
import { fullJitter } from '../../http/backoff'
import type { FlowContext, Flows } from '../event-flow'
import { inParallel } from '../in-parallel'
import { codes, type Outcome, undoneOf } from '../outcome'
import { OutcomeSchema } from '../outcome-schema'
import { perform } from '../perform'
import type { Work } from '../work'
import type { Lane } from './work-queue'

const worker = 'export-worker'
/** Few enough to finish in time, as a rule. */
const worksAtOnce = 16
/** An invocation takes 1 MB. */
const maxPayloadBytes = 700_000
/** The platform ends a blocking invocation after a minute. */
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

const Answer = v.object({ outcomes: v.array(v.nullable(OutcomeSchema)) })

/**
 * A lane that sends its work to an activation of `export-worker` and waits for the answer. Without an answer the work
 * counts as not done and is repeated, which is harmless.
 */
export function createRemoteLane(
  activations: Activations,
  { call, clock }: FlowContext,
  random: () => number,
): Lane {
  let failures = 0
  return {
    size: worksAtOnce,
    isLocal: false,
    async run(works) {
      const sent = fitting(works)
      if (sent.size === 0) return []
      try {
        const params = { works: [...sent.values()] }
        const { outcomes } = v.parse(Answer, await activations.ask(worker, params, call.signal))
        failures = 0
        const places = [...sent.keys()]
        return works.map((_, index) => outcomes[places.indexOf(index)] ?? undefined)
      } catch (thrown) {
        call.signal.throwIfAborted()
        call.logger.info('a worker gave no answer; its work is done here', {
          error: toBridgeError(thrown).toJSON(),
        })
        failures += 1
        // Usually the platform refuses further activations for now.
        await clock.sleep(fullJitter(backoff, failures, random()), call.signal)
        return []
      }
    },
  }
}

/**
 * As many as one invocation takes, by their place. An event that cannot be read needs no worker to become a dead letter.
 */
function fitting(works: readonly Work[]): ReadonlyMap<number, Work> {
  const sent = new Map<number, Work>()
  let bytes = 0
  for (const [index, { action, event, destination }] of works.entries()) {
    if (!namesAsset(event)) continue
    const work = { action, event: reducedEvent(event), destination }
    bytes += jsonBytes(work)
    if (bytes > maxPayloadBytes) break
    sent.set(index, work)
  }
  return sent
}

/**
 * The worker's side: does as much of the run's work as time allows. Null for work that the run has to do itself.
 * @returns outcomes as they go over the wire
 */
export async function performAll(
  works: readonly Work[],
  { flows, concurrency }: { flows: Flows; concurrency: number },
  context: FlowContext,
): Promise<readonly (Outcome | null)[]> {
  const { call, clock } = context
  const attempt = startAttempt(call.signal, budgetMs)
  const deadline = clock.now() + budgetMs
  const own = {
    ...context,
    runtime: undefined,
    maxBytes,
    call: withSignal(call, attempt.signal, deadline),
  }
  const outcomes: (Outcome | null)[] = works.map(() => null)
  try {
    await inParallel([...works.entries()], concurrency, async ([index, work]) => {
      if (attempt.signal.aborted) return
      outcomes[index] = await perform(work, flows, own)
        .then((outcome) => (isLeftOut(outcome) ? null : v.parse(OutcomeSchema, outcome)))
        .catch(() => null)
    })
    call.signal.throwIfAborted()
    return outcomes
  } finally {
    attempt.release()
  }
}

const isLeftOut = (outcome: Outcome): boolean =>
  undoneOf(outcome).some(({ failure }) => failure.code === codes.fileLeftOut)
