import * as v from 'valibot'
import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { Activations } from '../../delivery/activations'
import { Result, type Slice } from './slice'
import type { Worked } from './task'
import { together, type WorkPage } from './work-page'

const worker = 'export-worker'
type Part = Slice['part']

const Answer = v.object({ worked: v.array(v.nullable(Result)) })

/**
 * Has pages done by activations of `export-worker`. What an activation does not get done in its time, as a large file,
 * goes to another one, and once nothing gets done there any more it is done here.
 * @param options.rate of one worker
 */
export function workRemotely(
  options: Pick<Slice, 'isDryRun' | 'isRecordOnly' | 'rate'> & { parts: readonly Part[] },
  { activations, here }: { activations: Activations; here: Readonly<Record<Part, WorkPage>> },
): WorkPage {
  return async (refs, call) => {
    let all: readonly Worked[] | undefined
    for (const part of options.parts) {
      const worked = await doPart(part, refs, call)
      all = all === undefined ? worked : all.map((one, index) => together(one, worked[index]))
    }
    return all ?? []
  }

  async function doPart(
    part: Part,
    refs: readonly AssetRef[],
    call: CallContext,
  ): Promise<readonly Worked[]> {
    const results = new Map<AssetRef, Worked>()
    let left = refs
    while (left.length > 0) {
      const worked = await ask(part, left, call)
      for (const one of worked) results.set(one.ref, one)
      if (worked.length === 0) {
        for (const one of await here[part](left, call)) results.set(one.ref, one)
        break
      }
      left = left.filter((ref) => !results.has(ref))
    }
    return refs.flatMap((ref) => results.get(ref) ?? [])
  }

  async function ask(part: Part, refs: readonly AssetRef[], call: CallContext): Promise<readonly Worked[]> {
    const [first] = refs
    if (first === undefined) return []
    const { isDryRun, isRecordOnly, rate } = options
    const assets = refs.map(({ id, path }) => ({ id, path }))
    const slice: Slice = { part, isDryRun, isRecordOnly, rate, origin: first.origin, assets }
    const answer = await activations.ask(worker, { backfill: slice }, call.signal).catch((thrown) => {
      call.signal.throwIfAborted()
      call.logger.warn('a worker gave no answer; its page is done here', {
        error: toBridgeError(thrown).toJSON(),
      })
    })
    const parsed = v.safeParse(Answer, answer)
    if (!parsed.success) return []
    return refs.flatMap((ref, index): Worked[] => {
      const result = parsed.output.worked[index]
      return result ? [{ ref, ...result }] : []
    })
  }
}
