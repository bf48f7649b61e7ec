import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { Product } from '../../core/product'
import { shown } from '../../core/shown'
import { attributesIn, mindsMissing } from '../../metadata/mapping'
import type { Enrichment } from '../../plugin/enrichment'
import type { PimCommunicator } from '../../plugin/pim'

// A rule that never finds a value causes no failure, so it is told: once a container.

type Parts = { pim: PimCommunicator; enrichment: Pick<Enrichment, 'mapping'> }

/** By mapping: the names that were looked into. A container has one mapping. */
const lookedInto = new WeakMap<Enrichment['mapping'], Set<string>>()
const warnedOfMissing = new WeakSet<Enrichment['mapping']>()

const notGiven =
  'the mapping in config/enrichment.ts names attributes that the PIM does not give: check code and case'
const leftOutByPim =
  'a rule everyAttribute in config/enrichment.ts has default or whenMissing, but this PIM leaves out attributes without a value, and which ones it has is not known: the rule acts only on attributes that have a value; name the attributes in its inputs (AKENEO_ATTRIBUTES), or write a rule for each'

/**
 * Warns of attributes that rules name and the PIM does not have.
 * @returns all that it does not have, whether told before or not; empty when that cannot be known
 */
export async function namedInVain({ pim, enrichment }: Parts, call: CallContext): Promise<readonly string[]> {
  const names = attributesIn(enrichment.mapping)
  if (names.length === 0 || pim.unknownAttributes === undefined) return []
  const seen = seenFor(enrichment)
  const unseen = new Set(names.filter((name) => !seen.has(name)))
  // Before the answer: assets that are processed at the same time must not ask again.
  for (const name of unseen) seen.add(name)
  try {
    const unknown = await pim.unknownAttributes(names, call)
    const untold = unknown.filter((name) => unseen.has(name))
    if (untold.length > 0) call.logger.warn(notGiven, { attributes: untold })
    return unknown
  } catch (thrown) {
    const error = toBridgeError(thrown)
    if (call.signal.aborted || error.failureClass === 'transient')
      for (const name of unseen) seen.delete(name)
    call.signal.throwIfAborted()
    // The query may need a permission that nothing else needs.
    call.logger.debug('the attributes of the mapping could not be checked', { error: error.toJSON() })
    return []
  }
}

/**
 * Warns, once a container, of attributes that rules name and these products lack. A PIM that can tell whether it has an
 * attribute is asked, since a product need not have a value; of any other PIM it is a guess, and worded as one.
 */
export async function warnOfMapping(
  parts: Parts,
  products: readonly Product[],
  call: CallContext,
): Promise<void> {
  const { pim, enrichment } = parts
  const { mapping } = enrichment
  if (!warnedOfMissing.has(mapping) && pim.knownAttributes?.().length === 0 && mapping.some(mindsMissing)) {
    warnedOfMissing.add(mapping)
    call.logger.warn(leftOutByPim)
  }
  const seen = seenFor(enrichment)
  const absent = attributesIn(mapping).filter(
    (name) => !seen.has(name) && !products.some(({ attributes }) => Object.hasOwn(attributes, name)),
  )
  if (absent.length === 0) return
  if (pim.unknownAttributes !== undefined) {
    await namedInVain(parts, call)
    return
  }
  for (const name of absent) seen.add(name)
  const given = [...new Set(products.flatMap(({ attributes }) => Object.keys(attributes)))]
  call.logger.warn(
    'the mapping in config/enrichment.ts names attributes that the PIM did not give with this product: check name and case, unless the product has no value',
    { attributes: absent.slice(0, maxTold), given: given.slice(0, maxTold).map((name) => shown(name)) },
  )
}

const maxTold = 20

function seenFor({ mapping }: Parts['enrichment']): Set<string> {
  const seen = lookedInto.get(mapping) ?? new Set<string>()
  lookedInto.set(mapping, seen)
  return seen
}
