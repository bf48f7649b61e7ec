import { permanentError } from '../core/errors'

/** The stack of everything that looks at an event stands many times that. */
const maxDepth = 64
/** In names and texts. An invocation takes 1 MB, a page of the journal 1.5 MB for all its events. */
const maxCharacters = 1_000_000
const maxValues = 100_000

/**
 * Refuses an event that nothing else should look at: one that is too deep or too large. It looks at no more than the
 * limits allow, and goes down without recursion.
 * @throws {BridgeError} permanent, `EVENT_MALFORMED`
 */
export function requireBounded(event: unknown): void {
  const found: { value: object; depth: number }[] = []
  let characters = 0
  let values = 0
  count(event, 0)
  for (let next = found.pop(); next !== undefined; next = found.pop()) {
    const { value, depth } = next
    if (!Array.isArray(value)) for (const name of Object.keys(value)) characters += name.length
    for (const item of Object.values(value)) count(item, depth + 1)
  }

  function count(value: unknown, depth: number): void {
    values += 1
    if (typeof value === 'string') characters += value.length
    if (depth > maxDepth) throw refused(`it is more than ${maxDepth} levels deep`)
    if (characters > maxCharacters) throw refused(`it has more than ${maxCharacters} characters`)
    if (values > maxValues) throw refused(`it has more than ${maxValues} values`)
    if (typeof value === 'object' && value !== null) found.push({ value, depth })
  }
}

const refused = (why: string): Error =>
  permanentError('EVENT_MALFORMED', `this is no event of AEM Assets: ${why}`)
