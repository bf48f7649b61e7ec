import pLimit from 'p-limit'
import * as v from 'valibot'
import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { chunksOf } from '../../core/chunks'
import { toBridgeError } from '../../core/errors'
import type { Activations } from '../../delivery/activations'
import { inParallel } from '../in-parallel'
import { pageSize } from './enrich-page'
import { Result, type Slice } from './slice'
import type { Worked } from './task'
import { together, type WorkPage } from './work-page'

const worker = 'export-worker'
type Part = Slice['part']

const Answer = v.object({ worked: v.array(v.nullable(Result)) })

/** More than AEM lists well in one answer are not searched for at once. */
const maxSlices = 5
/** A page of more than one slice takes some seconds at this many requests a second for each. */
const rateOfSlice = 40

/**
 * How the pages of a library are cut for workers. Searches come one after the other, so with small pages AEM's search
 * is what keeps workers waiting. One page more than they have in work is searched for meanwhile. Large pages are for
 * high rates only: a run that is interrupted or paused has whole pages in progress.
 * @param rate requests to AEM a second, of all workers together
 */
export function pagesFor(workers: number, rate: number): { pageSize: number; pagesAtOnce: number } {
  const slices = Math.max(1, Math.min(workers, maxSlices, Math.floor(rate / rateOfSlice)))
  return { pageSize: slices * pageSize, pagesAtOnce: Math.ceil(workers / slices) + 1 }
}

/**
 * Has pages done by activations of `export-worker`, in slices of a hundred assets, so many at once as there are
 * workers. What an activation does not get done in its time, as a large file,
 * goes to another one, and once nothing gets done there any more it is done here.
 * @param options.rate of one worker
 */
export function workRemotely(
  options: Pick<Slice, 'isDryRun' | 'isRecordOnly' | 'rate'> & { parts: readonly Part[]; workers: number },
  { activations, here }: { activations: Activations; here: Readonly<Record<Part, WorkPage>> },
): WorkPage {
  const limit = pLimit(options.workers)
  return async (refs, call) => {
    const slices = chunksOf(refs, pageSize)
    const results: (readonly Worked[])[] = []
    await inParallel([...slices.keys()], slices.length, (index) =>
      limit(async () => {
        call.signal.throwIfAborted()
        results[index] = await doSlice(slices[index] ?? [], call)
      }),
    )
    return results.flat()
  }

  async function doSlice(refs: readonly AssetRef[], call: CallContext): Promise<readonly Worked[]> {
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
