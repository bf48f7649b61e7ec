import type { Asset } from '../../core/asset'
import type { Clock } from '../../core/clock'
import type { MetadataChange } from '../../metadata/diff'
import type { Store } from '../../store/store'
import type { ExplainedChange, ExplainedEnrichment } from './explain-enrichment'
import type { ExplainedFact } from './explained-fact'
import { disputedProduct, leftAlone } from './fights'

type Parts = { store: Store; clock: Pick<Clock, 'now'>; signal: AbortSignal }

/**
 * The same explanation, with what another system puts back: a value that would be written or told, and that an event of
 * such a change leaves alone for now. Other work writes it all the same, as a backfill or a processed asset. State is
 * asked only where something would be written or told.
 * @throws {BridgeError} when State fails
 */
export async function withFights(
  explained: ExplainedEnrichment,
  { id }: Pick<Asset, 'id'>,
  parts: Parts,
): Promise<ExplainedEnrichment> {
  const { changes, told } = explained
  const marked = await marking(changes, () => ({ id }), changeOf, parts)
  if (told === undefined) return { ...explained, changes: marked }
  const facts = await marking(told, ({ product }) => disputedProduct(product), factOf, parts)
  return { ...explained, changes: marked, told: facts }
}

async function marking<T extends ExplainedChange | ExplainedFact>(
  all: readonly T[],
  about: (one: T) => { id: string },
  markOf: (one: T) => MetadataChange,
  parts: Parts,
): Promise<readonly T[]> {
  const until = new Map<T, string>()
  const due = all.filter(({ action }) => action !== 'keep')
  for (const id of new Set(due.map((one) => about(one).id))) {
    const some = due.filter((one) => about(one).id === id)
    const marks = new Map(some.map((one) => [markOf(one), one]))
    for (const [mark, at] of await leftAlone({ id }, [...marks.keys()], parts)) {
      const one = marks.get(mark)
      if (one !== undefined) until.set(one, new Date(at).toISOString())
    }
  }
  return all.map((one) => {
    const leftAloneUntil = until.get(one)
    return leftAloneUntil === undefined ? one : { ...one, leftAloneUntil }
  })
}

const changeOf = ({ property, action, new: value }: ExplainedChange): MetadataChange =>
  action === 'remove' ? { op: 'remove', property } : { op: 'replace', property, value }

const factOf = ({ attribute, new: value }: ExplainedFact): MetadataChange => ({
  op: 'replace',
  property: attribute,
  value,
})
