import type { ExplainedFact } from '../src/flows/enrich/explained-fact'

/** What the PIM would be told about an asset, or is not. */
export const factLine = (fact: ExplainedFact): string => `PIM ${fact.action}  ${factText(fact)}`

/** The same without what becomes of it. */
export function factText(fact: ExplainedFact): string {
  const { product, attribute, from, old, new: next, action, why, leftAloneUntil } = fact
  const values = action === 'keep' ? JSON.stringify(old) : `${JSON.stringify(old)} -> ${JSON.stringify(next)}`
  return `${product} ${attribute}  ${values}  (${from}; ${why}${leftAlone(leftAloneUntil)})`
}

/** What a line says of a value that another system puts back. */
export const leftAlone = (until: string | undefined): string =>
  until === undefined ? '' : `; another system puts it back: an event of that leaves it alone until ${until}`
